"""The application: every operation of the contract has its route, and nothing else has one."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import yaml

from mock_server.app import create_app
from mock_server.contract import ContractError, Route, load_contract
from mock_server.settings import Settings, SettingsError
from tests.api import running
from tests.laws import own_contract, refused

ROUTES = own_contract().routes
PUBLIC = {"getUpload", "getResult"}
KEYLESS = PUBLIC | {"getTaskByPath"}


def path_of(route: Route) -> str:
    """A path of the route with something in each gap."""
    names = {"{task_id}": "x", "{model}": "gpt-image-2-all", "{id}": "x", "{name}": "x"}
    path = route.path
    for gap, name in names.items():
        path = path.replace(gap, name)
    return path


def methods_of(path: str) -> set[str]:
    """Every method that is taken there."""
    taken = {route.method for route in ROUTES if path_of(route) == path}
    is_public = any(r.operation_id in PUBLIC for r in ROUTES if path_of(r) == path)
    return taken | ({"HEAD"} if is_public else set())


@pytest.mark.parametrize("prefix", own_contract().prefixes)
async def test_every_operation_is_there_under_every_prefix(prefix: str) -> None:
    async with running() as api:
        for route in ROUTES:
            answer = await api.ask(route.method, api.origin + prefix + path_of(route), key=None)
            expected = 404 if route.operation_id in KEYLESS else 401
            assert answer.status == expected, (route, answer.body)


@pytest.mark.parametrize("path", sorted({path_of(route) for route in ROUTES}))
async def test_another_method_is_refused_with_the_ones_that_are_taken(path: str) -> None:
    taken = methods_of(path)
    others = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} - taken
    async with running() as api:
        for method in sorted(others):
            for key in ("sk_test", None):
                answer = await api.ask(method, path, key=key)
                assert answer.status == 405
                assert answer.headers["Allow"] == ", ".join(sorted(taken))
                if method != "HEAD":
                    refused(answer, 405, method, path, ", ".join(sorted(taken)))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v1/",
        "/v2/models",
        "/api/v2/models",
        "/api/v1/images/variations",
        "/api/v1/images/generations/",
        "/api/v1/images/generations/a/b",
        "/api/v1/chat/completions",
        "/api/v1/audio/generations",
        "/api/v1/MODELS",
        "/api/v1/_mock/",
        "/v1/_mock/clock",
        "/_mock",
        "/_mock/nothing",
        "/openapi",
        "/favicon.ico",
        "/.well-known/openid-configuration",
    ],
)
async def test_any_other_path_is_unknown_with_a_key_and_without(path: str) -> None:
    async with running() as api:
        for key in ("sk_test", None):
            for method in ("GET", "POST", "DELETE"):
                answer = await api.ask(method, api.origin + path, key=key)
                refused(answer, 404, "No such path", path.strip("/").split("/")[-1])


async def test_the_contract_is_served_as_it_was_read() -> None:
    async with running() as api:
        source = await api.get(api.origin + "/openapi.yaml", key=None)
        assert source.body == own_contract().source
        assert source.media_type == "application/yaml"
        document = await api.get(api.origin + "/openapi.json", key=None)
        assert json.loads(document.body) == own_contract().document


async def test_the_interface_of_the_developer_can_be_left_out() -> None:
    async with running(no_control=True) as api:
        for path in ("", "clock", "accounts", "tasks", "requests", "openapi.json"):
            refused(await api.control("GET", path), 404, "No such path")
        refused(await api.control("POST", "reset"), 404, "No such path")
        assert (await api.get(api.origin + "/openapi.yaml", key=None)).status == 200


async def test_profile_and_error_style_are_those_of_the_contract() -> None:
    with pytest.raises(SettingsError, match=r"--profile: must be one of .*openai.*; got 'x'"):
        create_app(own_contract(), Settings(profile="x"))
    with pytest.raises(SettingsError, match=r"--error-style: must be one of .*native.*; got 'x'"):
        create_app(own_contract(), Settings(error_style="x"))


async def test_an_operation_that_nobody_handles_stops_the_start() -> None:
    further = replace(ROUTES[0], operation_id="dreamOfImages", path="/dreams")
    contract = replace(own_contract(), routes=(*ROUTES, further))
    with pytest.raises(ContractError, match="nothing here handles the operation 'dreamOfImages'"):
        create_app(contract, Settings())


@pytest.mark.parametrize("missing", sorted({route.operation_id for route in ROUTES}))
async def test_an_operation_that_is_missing_stops_the_start(missing: str) -> None:
    kept = tuple(route for route in ROUTES if route.operation_id != missing)
    with pytest.raises(ContractError, match=f"the operation '{missing}' is missing"):
        create_app(replace(own_contract(), routes=kept), Settings())


async def test_another_contract_moves_paths_prices_and_models(tmp_path: Any) -> None:
    document: Any = json.loads(json.dumps(own_contract().document))
    rules = document["x-contract"]["rules"]
    rules["base"]["data"]["prefixes"] = ["/elsewhere"]
    rules["price"]["data"]["per_image"]["1K"]["low"] = "0.111"
    rules["model"]["data"]["supported"] = ["gpt-image-9"]
    rules["size-grid"]["data"]["multiple"] = 8
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    async with running(contract=load_contract(path)) as api:
        answer = await api.create(model="gpt-image-9", quality="low", size="1000x1000")
        assert answer.json["data"][0]["url"].startswith(api.origin + "/elsewhere/results/")
        assert (await api.get(f"/records/{answer.request_id}")).data["credits"] == Decimal("0.111")
        refused(await api.create(size="1024x1024"), 400, "gpt-image-9", param="model")
        refused(await api.create(model="gpt-image-9", size="1004x1000"), 400, "8", param="size")
        assert (await api.get(api.origin + "/api/v1/models")).status == 404
