"""A set of drawn faces that several files of tests look at."""

from __future__ import annotations

import pytest

from labhelpers.data.faces import DrawnFaces, draw_faces


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> DrawnFaces:
    return draw_faces(580, 48, seed=0, cache_directory=tmp_path_factory.mktemp("faces"))
