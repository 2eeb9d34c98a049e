"""The caption of a face."""

from __future__ import annotations

from labhelpers.data.faces.attributes import FaceAttributes, choice


def describe_face(attributes: FaceAttributes) -> str:
    """A caption of several words that names every attribute which shows."""
    hair_nouns = {
        "long": "long {} hair",
        "bob": "{} hair in a bob",
        "twin tails": "{} twin tails",
        "short": "short {} hair",
        "ponytail": "a {} ponytail",
        "spiky": "spiky {} hair",
        "buns": "{} hair in buns",
    }
    mouths = {
        "smile": "a smile",
        "open": "an open mouth",
        "cat": "a cat mouth",
        "small": "a small mouth",
        "pout": "a pout",
    }
    hair = hair_nouns[attributes.hair_style].format(attributes.hair_colour)
    eyes = f"{attributes.eye_shape} {attributes.eye_colour} eyes"
    mouth = mouths[attributes.mouth]
    features = (
        f"{hair}, {eyes} and {mouth}",
        f"{eyes}, {mouth} and {hair}",
        f"{hair}, {mouth} and {eyes}",
    )
    worn = []
    if attributes.glasses != "none":
        worn.append(f"{attributes.glasses} glasses")
    if attributes.ribbon != "none":
        worn.append(f"a {attributes.ribbon} ribbon")
    caption = f"an anime face with {attributes.skin} skin, {features[choice(attributes.shape.wording, 3)]}"
    if worn:
        caption += f", wearing {' and '.join(worn)}"
    if attributes.tilt != "straight":
        caption += f", head tilted to the {attributes.tilt}"
    return f"{caption}, on a {attributes.background} background"
