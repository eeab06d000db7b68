"""Gives a model its name back before each case that deletes it."""
import os
import urllib.parse
import urllib.request

import pytest

NAME = "ft:gpt-4o-mini:acemeco:suffix:abc123"


@pytest.fixture(autouse=True)
def restore_alias(request):
    if "delete" in request.node.name:
        control = os.environ["CONFORMANCE_CONTROL"]
        urllib.request.urlopen(control + "/" + urllib.parse.quote(NAME, safe="")).close()
    yield
