"""The office's icons: one line each, drawn in the colour of the text beside them."""

from markupsafe import Markup

#: The path of each icon on a field of 24 by 24.
SHAPES = {
    "bell": "M6 9a6 6 0 1 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9M10 20a2 2 0 0 0 4 0",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14m5-2 4.5 4.5",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "close": "m6 6 12 12M18 6 6 18",
    "pulse": "M3 12h4l2.5-7 5 14 2.5-7h4",
    "today": "M4 5h16v15H4zM4 10h16M8 3v4m8-4v4m-5 7 2 2 4-4",
    "calendar": "M4 5h16v15H4zM4 10h16M8 3v4m8-4v4",
    "ticket": "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 7v2m0 2v2m0 2v2",
    "question": (
        "M12 20a8.5 8.5 0 1 0-7.4-4.3L4 20l4.3-.6A8.5 8.5 0 0 0 12 20M9.8 9.5"
        "a2.3 2.3 0 1 1 3.2 2.1c-.7.4-1 .8-1 1.5m0 2.6v.1"
    ),
    "heart": (
        "M12 20s-7.5-4.6-7.5-10.2A4.2 4.2 0 0 1 12 7.2a4.2 4.2 0 0 1 7.5 2.6C19.5 15.4 12 20 12 20"
    ),
    "book": "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
    "note": "M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7m-7 3.5h4",
    "file": "M7 3h7l5 5v13H7zM14 3v5h5M10 13h6m-6 4h6",
    "pin": (
        "M12 21s6.5-6 6.5-11a6.5 6.5 0 0 0-13 0C5.5 15 12 21 12 21m0-8.5"
        "a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5"
    ),
    "person": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8m-7.5 8a7.5 7.5 0 0 1 15 0",
    "people": (
        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7m-6.5 8a6.5 6.5 0 0 1 13 0M16 4.5"
        "a3.5 3.5 0 0 1 0 6M18 13a6.5 6.5 0 0 1 3.5 6"
    ),
    "percent": (
        "M6 18 18 6M7.5 9a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3m9 9"
        "a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3"
    ),
    "check": "M4 5h16v15H4zM8 12.5l3 3 5.5-6",
    "award": "M12 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10m-3-1-1.5 8 4.5-2.5 4.5 2.5-1.5-8",
    "card": "M3 6h18v12H3zM3 10.5h18M7 15h3",
    "coins": "M9 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10m5.500-4.500a5 5 0 1 1-4.500 7.500",
    "undo": "M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6",
    "mail": "M3 6h18v12H3zM3 7l9 6 9-6",
    "chart": "M4 20V4m0 16h16M8 16v-4m4 4V8m4 8v-6",
    "activity": "M4 12h3l3-7 4 14 3-7h3",
    "gear": (
        "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M12 3v2.5m0 13V21M3 12h2.5m13 0H21"
        "M5.6 5.6l1.8 1.8m9.2 9.2 1.8 1.8m0-12.8-1.8 1.8m-9.2 9.2-1.8 1.8"
    ),
    "shield": "M12 21s7.5-3 7.5-9.5V6L12 3 4.5 6v5.5C4.5 18 12 21 12 21",
    "key": "M15 12a4.5 4.5 0 1 0-4.2-2.9L3 17v4h4v-3h3v-3l1.5-1.5A4.5 4.5 0 0 0 15 12m1-5.5v.1",
    "table": "M4 5h16v14H4zM4 10h16M10 10v9",
    "filter": "M4 6h16M7 12h10m-7 6h4",
    "plus": "M12 5v14m-7-7h14",
    "down": "M12 4v12m-5-5 5 5 5-5M5 20h14",
    "edit": "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
    "right": "m9 5 7 7-7 7",
    "left": "m15 5-7 7 7 7",
    "narrow": "M4 5h16v14H4zM9 5v14m7-9-2.5 2 2.5 2",
    "widen": "M4 5h16v14H4zM9 5v14m4.5-9 2.5 2-2.5 2",
    "sun": (
        "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M12 2.5v2m0 15v2m9.5-9.5h-2m-15 0h-2"
        "M18.7 5.3l-1.400 1.400M6.7 17.3l-1.400 1.400m0-13.400 1.400 1.400"
        "m10.600 10.600 1.400 1.400"
    ),
    "moon": "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
    "screen": "M3 5h18v11H3zM9 20h6m-3-4v4",
    "clock": "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M12 7.5V12l3 2",
    "more": "M5 12h.01M12 12h.01M19 12h.01",
}
PLAIN = "table"
_DRAWN = {
    name: Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="%s"/></svg>')
    % shape
    for name, shape in SHAPES.items()
}


def icon(name: str) -> Markup:
    """Return an icon as HTML; a table's where the name is unknown. Words beside it say the same."""
    return _DRAWN.get(name, _DRAWN[PLAIN])
