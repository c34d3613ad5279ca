"""``anju clients documents``: manifests on the command line."""

import json
from pathlib import Path
from typing import Any

CODES = "query Codes { estates(first: 1) { nodes { code } } }"


def test_operators_do_it_on_the_command_line(anju: Any, tmp_path: Path) -> None:
    client = ("--name", "演示", "--purpose", "演示", "--legal-basis", "演示", "--scope", "openid")
    assert anju("clients", "add", "built", *client, "--public", "--redirect-uri", "cn.example:/b")[0] == 0
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"names": "{ viewer { nam } }", "0" * 64: CODES}))
    upload = ("clients", "documents", "upload", "built", str(file), "--version", "1")
    assert anju(*upload) == (1, "", f"{'0' * 64}: the id is not the SHA-256 of its document\n")
    file.write_text(json.dumps({"names": "{ viewer { nam } }"}))
    assert anju(*upload) == (1, "", "names: Cannot query field 'nam' on type 'Viewer'.\n")
    assert anju("clients", "documents", "only", "built")[0] == 1
    file.write_text(json.dumps({"codes": CODES}))
    assert anju(*upload)[:2] == (0, "built 1: 1 documents are trusted\n")
    assert anju("clients", "documents", "only", "built")[:2] == (0, "built: only trusted documents run\n")
    assert anju("clients", "documents", "list", "built")[1].startswith("1\t1 documents\tsince ")
    assert anju("clients", "documents", "retire", "built", "1")[0] == 1
    assert anju("clients", "documents", "only", "built", "--off")[:2] == (0, "built: any document runs\n")
    assert anju("clients", "documents", "retire", "built", "1")[:2] == (0, "built 1 is retired\n")
    assert "\tretired " in anju("clients", "documents", "list", "built")[1]
