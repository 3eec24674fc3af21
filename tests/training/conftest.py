"""A small synthetic set for all tests of this folder."""

import pathlib

import pytest
from roompulse_training.synthetic import Clips, Plan, write_affwild, write_daisee

PLAN = Plan(train=2, validation=2, frames=120)


@pytest.fixture(scope="session")
def affwild_set(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    root = tmp_path_factory.mktemp("affwild")
    write_affwild(root, PLAN, pictures=False)
    return root


@pytest.fixture(scope="session")
def daisee_set(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    root = tmp_path_factory.mktemp("daisee")
    write_daisee(root, Clips(users=2, clips=3), videos=False)
    return root
