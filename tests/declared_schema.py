"""What the database itself refuses, as text: `python -m tests.declared_schema` prints it.

It reads DATABASE_URL. `tests/declared_schema.txt` is the declared list.
"""

import os
import sys
from pathlib import Path
from typing import Any

import psycopg

DECLARED = Path(__file__).with_suffix(".txt")

#: Primary keys and foreign keys are left to `db check`, which sees them; NOT NULL likewise.
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint AS c
    WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x') AND conrelid <> 0
      AND conrelid::regclass::text NOT LIKE 'procrastinate%'
    UNION ALL
    SELECT indrelid::regclass::text, indexrelid::regclass::text,
           'UNIQUE WHERE ' || pg_get_expr(indpred, indrelid)
    FROM pg_index
    WHERE indisunique AND indpred IS NOT NULL
      AND indrelid::regclass::text NOT LIKE 'procrastinate%'
"""
TRIGGERS = """
    SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled = 'O' AND relnamespace = 'public'::regnamespace
      AND relname NOT LIKE 'procrastinate%'
"""
#: The digest is of the body: whoever changes a function declares it.
FUNCTIONS = """
    SELECT p.oid::regprocedure::text, pg_get_function_result(p.oid), md5(prosrc)
    FROM pg_proc AS p
    WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'procrastinate%'
      AND NOT EXISTS (
          SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e'
      )
"""


def describe(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the constraints, triggers and functions of a database, a line each."""
    constraints = sorted(connection.execute(CONSTRAINTS))
    triggers = sorted(connection.execute(TRIGGERS))
    functions = sorted(connection.execute(FUNCTIONS))
    return [
        "constraints",
        *(f"{table}  {name}  {rule}" for table, name, rule in constraints),
        "",
        "triggers",
        *(rule.replace("public.", "") for _, _, rule in triggers),
        "",
        "functions",
        *(f"{name} -> {kind}  {digest}" for name, kind, digest in functions),
    ]


if __name__ == "__main__":
    with psycopg.connect(os.environ["DATABASE_URL"]) as described:
        sys.stdout.write("\n".join(describe(described)) + "\n")
