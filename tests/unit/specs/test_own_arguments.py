from typing import Any

import pytest
from support.spec_folder import creating_action, widget_action

from bill_mcp.specs.models import ActionSpec
from bill_mcp.specs.own_arguments import own_arguments


def names(action: dict[str, Any]) -> set[str]:
    return set(own_arguments(ActionSpec.model_validate(action)))


def test_write_can_be_previewed_and_may_name_an_approval() -> None:
    assert names(creating_action()) == {"preview", "approval_id"}


def test_read_of_one_object_has_no_argument_of_ours() -> None:
    assert names(widget_action()) == set()


def test_page_of_rows_can_be_cut_to_some_members() -> None:
    assert names(widget_action(reply="page of Widget")) == {"fields"}


def test_upload_takes_bytes_or_a_path() -> None:
    upload = creating_action(body_form="bytes", body={})
    assert names(upload) == {"preview", "approval_id", "file_base64", "file_path"}


@pytest.mark.parametrize(
    ("role", "takes_profile"),
    [("sign_in", True), ("partner_sign_in", True), ("sign_out", False)],
)
def test_sign_in_takes_the_name_of_a_profile(role: str, takes_profile: bool) -> None:
    assert ("profile" in names(creating_action(session=role))) is takes_profile
