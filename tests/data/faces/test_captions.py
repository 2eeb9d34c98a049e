"""Captions name what shows in the faces."""

from __future__ import annotations

from labhelpers.data.faces import ATTRIBUTES, DrawnFaces, FaceAttributes, describe_face


def test_captions_name_what_shows(many: DrawnFaces) -> None:
    mouths = {"smile": "smile", "open": "open mouth", "cat": "cat mouth", "small": "small mouth", "pout": "pout"}
    styles = {name: name for name in ATTRIBUTES["hair_style"]} | {"bob": "in a bob", "buns": "in buns"}
    for index, caption in enumerate(many.captions):
        face = {name: str(values[index]) for name, values in many.attributes.items()}
        assert len(caption.split()) >= 10
        assert face["hair_colour"] in caption
        assert styles[face["hair_style"]] in caption
        assert f"{face['eye_shape']} {face['eye_colour']} eyes" in caption
        assert f"{face['skin']} skin" in caption
        assert mouths[face["mouth"]] in caption
        assert f"{face['background']} background" in caption
        assert ("glasses" in caption) == (face["glasses"] != "none")
        assert ("ribbon" in caption) == (face["ribbon"] != "none")
        assert ("tilted" in caption) == (face["tilt"] != "straight")
        assert "none" not in caption


def test_captions_tell_different_attributes_apart() -> None:
    captions = [
        describe_face(FaceAttributes(**{name: value})) for name, values in ATTRIBUTES.items() for value in values
    ]
    # Every value changes the caption; the default face comes once for every attribute.
    assert len(set(captions)) == len(captions) - len(ATTRIBUTES) + 1
