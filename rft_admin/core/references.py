"""References that people read aloud: unguessable, without look-alike characters."""

import secrets

#: No 0/O, 1/I/L, 5/S, 2/Z, 8/B, U/V: what is heard or read wrongly.
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"


def random_reference(prefix: str, *, length: int = 8) -> str:
    """Return for example RFT-7K3M9QXA: the prefix and random characters."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(length))


def check_character(text: str) -> str:
    """Return the character that makes a mistyped or swapped character show.

    A weighted sum modulo 23, the (prime) size of the alphabet: it finds every single wrong
    character and every swap of two neighbours among the alphabet's characters.
    """
    total = sum(
        weight * ALPHABET.index(character)
        for weight, character in enumerate(
            (character for character in text.upper() if character in ALPHABET), start=2
        )
    )
    return ALPHABET[total % len(ALPHABET)]


def has_valid_check_character(number: str) -> bool:
    """Return whether the last character of the number is the right check character."""
    return len(number) > 1 and check_character(number[:-1]) == number[-1].upper()
