"""Form fields for the settings that are lists: nobody has to write brackets and quotes."""

import re
from dataclasses import dataclass
from typing import Any

from wtforms import Field, StringField

#: What a tariff's band says about the fee: the choices, by what the form sends.
NO_FEE, THE_FEE, OWN_FEE = "none", "fee", "sum"
FEES = {NO_FEE: "No fee", THE_FEE: "Refund fee", OWN_FEE: "Another sum"}
#: Blank lines under a tariff, for bands to be added without a script.
SPARE_BANDS = 2
PARTS = 4
SUM = re.compile(r"£?\s*([0-9]{1,5})(?:\.([0-9]{2}))?")


@dataclass(frozen=True)
class TypedBand:
    """One band as it stands in the form."""

    days: str = ""
    percent: str = ""
    fee: str = NO_FEE
    own_fee: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed: the line does not count."""
        return not (self.days or self.percent or self.own_fee)

    def texts(self) -> list[str]:
        """Return what the browser sends for the line."""
        return [self.days, self.percent, self.fee, self.own_fee]


class BandsField(Field):  # type: ignore[misc] # WTForms ships no types
    """A refund tariff, a line for each band: from how many days, how much, less which fee.

    All inputs bear the field's name, four to a line; what they mean is their place.
    """

    #: The number of the line that could not be read, from 1; 0 if there is none.
    faulty_line = 0

    @property
    def bands(self) -> list[TypedBand]:
        """The lines to be shown: what was typed, else what is stored, and a few blank ones."""
        shown = (
            _lines(self.raw_data) if self.raw_data else [_typed(band) for band in self.data or []]
        )
        return [line for line in shown if not line.is_blank] + [TypedBand()] * SPARE_BANDS

    @property
    def fees(self) -> dict[str, str]:
        """The choices about the fee."""
        return FEES

    def texts(self) -> list[str]:
        """Return what a browser sends if nobody touched the form."""
        return [text for band in self.bands for text in band.texts()]

    def _value(self) -> str:
        return "\n".join(
            f"From {band.days} days: {band.percent} %, {_fee_words(band)}"
            for band in self.bands
            if not band.is_blank
        )

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the bands, the earliest first; blank lines are left out.

        :raises ValueError: naming the line that cannot be read.
        """
        if not valuelist:
            return
        self.data = None
        found = []
        lines = (line for line in _lines(valuelist) if not line.is_blank)
        for self.faulty_line, line in enumerate(lines, start=1):
            found.append(_read(self.faulty_line, line))
        self.faulty_line = 0
        self.data = sorted(found, key=lambda band: -int(band["min_days"]))


class DaysField(StringField):  # type: ignore[misc] # WTForms ships no types
    """Whole numbers of days, with commas between."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return ", ".join(str(day) for day in self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the numbers, each once, the largest first.

        :raises ValueError: if one is no whole number.
        """
        if not valuelist:
            return
        self.data = None
        words = re.findall(r"[^\s,;]+", valuelist[0])
        if not all(re.fullmatch(r"[0-9]{1,4}", word) for word in words):
            raise ValueError("Please enter whole numbers with commas between, for example 90, 30.")
        self.data = sorted({int(word) for word in words}, reverse=True)


def _lines(texts: list[Any]) -> list[TypedBand]:
    whole = [str(text).replace("\x00", "").strip() for text in texts]
    parts = (whole[at : at + PARTS] for at in range(0, len(whole), PARTS))
    return [TypedBand(*line) for line in parts]


def _typed(band: dict[str, Any]) -> TypedBand:
    fee = band["fee"]
    kind = OWN_FEE if isinstance(fee, str) else THE_FEE if fee else NO_FEE
    return TypedBand(
        str(band["min_days"]), str(band["percent"]), kind, fee if isinstance(fee, str) else ""
    )


def _read(number: int, line: TypedBand) -> dict[str, Any]:
    return {
        "min_days": _whole(number, line.days, "days before the course"),
        "percent": _whole(number, line.percent.removesuffix("%").strip(), "per cent"),
        "fee": _fee(number, line),
    }


def _whole(number: int, text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError(f"Line {number}: please enter a whole number of {what}.")
    return int(text)


def _fee(number: int, line: TypedBand) -> bool | str:
    if line.fee not in FEES:
        raise ValueError(f"Line {number}: please choose whether a fee is taken.")
    if line.fee != OWN_FEE:
        if line.own_fee:
            raise ValueError(f"Line {number}: to take that sum, choose “Another sum”.")
        return line.fee == THE_FEE
    found = SUM.fullmatch(line.own_fee)
    if found is None:
        raise ValueError(f"Line {number}: please enter the sum in pounds, for example 50.00.")
    return f"{found[1]}.{found[2] or '00'}"


def _fee_words(band: TypedBand) -> str:
    return f"less £{band.own_fee}" if band.fee == OWN_FEE else FEES[band.fee].lower()
