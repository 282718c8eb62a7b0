"""Tests of the settings that are lists: a tariff's bands in lines, days with commas."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from rft_admin.core.settings import BadSetting, Setting, ValueType, words_of_value
from rft_admin.payments.settings import BANDS, PRIVATE_BANDS, check_bands
from tests.admin.conftest import Office

#: What stands there before: a tariff by which nothing comes back.
STORED = '[{"min_days": 0, "percent": 0, "fee": false}]'
BLANK = ["", "", "none", ""]
LAST = ["0", "0", "none", ""]


def stored(session: Session, key: str, value: str, form: str, **more: Any) -> Setting:
    """Store a setting that is a list."""
    setting = Setting(
        key=key,
        value=value,
        value_type=ValueType.JSON,
        category=key.partition(".")[0],
        display_name=key,
        description="What it is for.",
        validation_rules={"format": form},
        **more,
    )
    session.add(setting)
    session.commit()
    return setting


@pytest.fixture
def tariff(session: Session) -> Setting:
    """The refund tariff."""
    default = json.dumps(BANDS)
    return stored(session, "payment.refund_bands", STORED, "refund_bands", default_value=default)


@pytest.fixture
def reminders(session: Session) -> Setting:
    """The days on which holders are reminded."""
    key = "certificate.renewal_reminder_days"
    return stored(session, key, "[90, 30, 7]", "days", default_value="[90, 30, 7]")


class TestTariff:
    def test_is_read_in_words(self, office: Office, tariff: Setting) -> None:
        page = office.get(f"/admin/settings/details/?id={tariff.id}").text
        listed = office.get("/admin/settings/").text

        assert "0 days or more before the first course day: nothing comes back." in page
        # The default, beside it.
        assert "7 to 14 days before: 25 % comes back.<br>" in page
        assert "nothing comes back" in listed
        assert "min_days" not in page + listed

    def test_needs_nothing_but_itself_to_be_read_in_words(self) -> None:
        """A file is written when its request is over: another thread has no context either."""
        with ThreadPoolExecutor(1) as pool:
            words = pool.submit(
                words_of_value, json.dumps(BANDS), ValueType.JSON, {"format": "refund_bands"}
            ).result()

        assert "everything comes back, less the refund fee.\n" in words

    def test_is_shown_in_lines_with_blank_ones_below(self, office: Office, tariff: Setting) -> None:
        page = office.get(f"/admin/settings/edit/?id={tariff.id}").text

        assert page.count('aria-label="Line 1: ') == 4
        assert page.count('aria-label="Line 3: ') == 4
        assert 'aria-label="Line 4: ' not in page

    @pytest.mark.parametrize("bands", [BANDS, PRIVATE_BANDS])
    def test_is_saved_the_earliest_band_first(
        self, office: Office, tariff: Setting, session: Session, bands: list[dict[str, Any]]
    ) -> None:
        typed = [*LAST, *BLANK]
        for band in reversed(bands[:-1]):
            own = band["fee"] if isinstance(band["fee"], str) else ""
            kind = "sum" if own else "fee" if band["fee"] else "none"
            typed += [str(band["min_days"]), f"{band['percent']} %", kind, f"£{own}" if own else ""]

        answer = office.post(f"/admin/settings/edit/?id={tariff.id}", {"value": typed})

        session.refresh(tariff)
        assert answer.status_code == 302
        assert json.loads(tariff.value) == bands

    @pytest.mark.parametrize(
        ("lines", "fault"),
        [
            ([BLANK], "one band at least"),
            ([LAST, ["soon", "50", "none", ""]], "Line 2: please enter a whole number of days"),
            ([BLANK, ["7", "5o", "none", ""]], "Line 1: please enter a whole number of per cent"),
            ([["0", "120", "none", ""]], "from 0 to 100"),
            ([["4000", "1", "none", ""], LAST], "from 0 to 3650"),
            ([["0", "0", "sum", "ten"]], "Line 1: please enter the sum in pounds"),
            ([["0", "0", "none", "10"]], "choose “Another sum”"),
            ([["0", "0", "all", ""]], "choose whether a fee is taken"),
            ([["0"]], "per cent"),
            ([["5", "0", "none", ""]], "begin at 0 days"),
            ([["0", "50", "none", ""], ["7", "25", "none", ""]], "must not bring more"),
            ([LAST, ["0", "25", "none", ""]], "same day"),
        ],
    )
    def test_refuses_what_cannot_be_reckoned_with_and_keeps_what_was_typed(
        self,
        office: Office,
        tariff: Setting,
        session: Session,
        lines: list[list[str]],
        fault: str,
    ) -> None:
        typed = [text for line in lines for text in line]

        answer = office.post(f"/admin/settings/edit/?id={tariff.id}", {"value": typed})

        session.refresh(tariff)
        beside = answer.text.split('id="value-fault"')[1].split("</p>")[0]
        assert answer.status_code == 422
        assert fault in beside
        assert all(f'value="{line[0]}"' in answer.text for line in lines)
        assert tariff.value == STORED

    def test_saved_as_it_was_opened_is_no_change(
        self, office: Office, tariff: Setting, session: Session
    ) -> None:
        page = office.get(f"/admin/settings/edit/?id={tariff.id}").text
        stamp = page.split('name="row_version" value="')[1].split('"')[0]
        # Somebody else puts the tariff up meanwhile.
        tariff.value = json.dumps(BANDS)
        session.commit()

        answer = office.post(
            f"/admin/settings/edit/?id={tariff.id}",
            {"value": [*LAST, *BLANK, *BLANK], "row_version": stamp},
        )

        session.refresh(tariff)
        assert json.loads(tariff.value) == BANDS
        assert answer.status_code in {302, 409}

    @pytest.mark.parametrize(
        "bands",
        [
            {"min_days": 0},
            ["0"],
            [{"min_days": 0, "percent": 0}],
            [{"min_days": True, "percent": 1, "fee": False}],
            [{"min_days": 0, "percent": 0, "fee": "ten"}],
        ],
    )
    def test_is_checked_however_it_comes(self, bands: Any) -> None:
        with pytest.raises(BadSetting):
            check_bands(bands)


class TestDays:
    @pytest.mark.parametrize(
        ("typed", "kept"), [("7, 60;30 7", "[60, 30, 7]"), ("14", "[14]"), (" ", "[]")]
    )
    def test_are_typed_with_commas(
        self, office: Office, reminders: Setting, session: Session, typed: str, kept: str
    ) -> None:
        answer = office.post(f"/admin/settings/edit/?id={reminders.id}", {"value": typed})

        session.refresh(reminders)
        assert answer.status_code == 302
        assert reminders.value == kept
        shown = kept.strip("[]") or "Never"
        assert shown in office.get(f"/admin/settings/details/?id={reminders.id}").text

    @pytest.mark.parametrize("typed", ["soon", "-7", "7.5", "0", "9999", "[90, 30]"])
    def test_refuse_what_is_no_day(
        self, office: Office, reminders: Setting, session: Session, typed: str
    ) -> None:
        answer = office.post(f"/admin/settings/edit/?id={reminders.id}", {"value": typed})

        session.refresh(reminders)
        assert answer.status_code == 422
        assert f'value="{typed}"' in answer.text
        assert reminders.value == "[90, 30, 7]"
