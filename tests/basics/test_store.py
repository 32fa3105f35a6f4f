import json

import pytest

from motiflens.basics.store import SCHEMA, Store


def record(key, **more):
    return {"schema": SCHEMA, "key": key, "status": "ok", "config_hash": "abc", **more}


def test_records_come_back_from_single_files_and_from_the_export(tmp_path):
    store = Store(tmp_path)
    for key in ("task1/C24/relu/000", "task1/C24/relu/001", "task2/C24/relu/000"):
        store.write(record(key, value=1.5))
    records, damaged = store.read()
    assert list(records) == ["task1/C24/relu/000", "task1/C24/relu/001", "task2/C24/relu/000"]
    assert damaged == []
    assert [path.name for path in store.export()] == ["task1.jsonl", "task2.jsonl"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in tmp_path.glob("*.jsonl"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert Store(elsewhere).read() == (records, [])


def test_a_single_file_outranks_the_export_and_nothing_is_doubled(tmp_path):
    store = Store(tmp_path)
    store.write(record("task1/a", value=1))
    store.export()
    store.write(record("task1/a", value=2))
    assert store.read()[0]["task1/a"]["value"] == 2
    store.export()
    assert len((tmp_path / "task1.jsonl").read_text().splitlines()) == 1


def test_damaged_records_are_named_and_the_rest_is_kept(tmp_path):
    store = Store(tmp_path)
    for name in "abcd":
        store.write(record(f"task1/{name}"))
    store.path_of("task1/a").write_text('{"schema": 1, "key": "task1/a"')  # cut short
    store.path_of("task1/b").write_text('{"schema": 1}')
    store.path_of("task1/c").write_text(json.dumps(record("task1/other")))
    (tmp_path / "task2.jsonl").write_text(json.dumps(record("task2/x")) + "\n\x00\n")
    records, damaged = store.read()
    assert sorted(records) == ["task1/d", "task2/x"]
    assert [place.where for place in damaged] == [
        "task2.jsonl line 2",
        "records/task1/a.json",
        "records/task1/b.json",
        "records/task1/c.json",
    ]
    assert "not JSON" in damaged[1].reason
    assert "lacks" in damaged[2].reason
    assert "its key is 'task1/other'" in damaged[3].reason


def test_temporary_files_are_no_records(tmp_path):
    store = Store(tmp_path)
    store.write(record("task1/a"))
    assert [path.name for path in (tmp_path / "records" / "task1").iterdir()] == ["a.json"]


def test_nothing_half_written_is_left_when_a_record_cannot_be_stored(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="JSON compliant"):
        store.write(record("task1/a", value=float("nan")))
    with pytest.raises(ValueError, match="missing: status"):
        store.write({"schema": 1, "key": "task1/a", "config_hash": ""})
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("key", ["../outside", "a/../../b", "", "/etc/passwd", "a b"])
def test_keys_cannot_leave_the_folder(tmp_path, key):
    with pytest.raises(ValueError, match="a key is made of names"):
        Store(tmp_path).path_of(key)


def test_records_of_a_newer_schema_are_refused(tmp_path):
    (tmp_path / "task1.jsonl").write_text(json.dumps(record("task1/a") | {"schema": SCHEMA + 1}) + "\n")
    with pytest.raises(ValueError, match="update motiflens"):
        Store(tmp_path).read()


def test_one_record_is_read_if_it_is_intact(tmp_path):
    store = Store(tmp_path)
    store.write(record("task1/a", value=1))
    store.path_of("task1/b").write_text("{")
    assert store.intact("task1/a") == record("task1/a", value=1)
    assert store.intact("task1/b") is None
    assert store.intact("task1/c") is None


def test_two_exports_at_once_lose_no_record(tmp_path, monkeypatch):
    """While one has read and not yet written, another stores a record and exports; the older look comes last."""
    import motiflens.basics.files
    import motiflens.basics.store

    store = Store(tmp_path)
    store.write(record("task1/a"))
    write, meanwhile = motiflens.basics.files.write_text, []

    def write_late(text, path):
        if not meanwhile:
            meanwhile.append(1)
            store.write(record("task1/b"))
            assert store.export() == [tmp_path / "task1.jsonl"]
            assert len(path.read_text().splitlines()) == 2
        write(text, path)

    monkeypatch.setattr(motiflens.basics.store, "write_text", write_late)
    store.export()
    assert [json.loads(line)["key"] for line in (tmp_path / "task1.jsonl").read_text().splitlines()] == [
        "task1/a",
        "task1/b",
    ]


def test_an_export_that_changes_nothing_writes_nothing(tmp_path):
    store = Store(tmp_path)
    store.write(record("task1/a"))
    (path,) = store.export()
    before = path.stat().st_ino
    assert store.export() == [path]
    assert path.stat().st_ino == before


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_damage(tmp_path, literal):
    store = Store(tmp_path)
    path = store.write(record("task1/a"))
    path.write_text(path.read_text().replace("{", '{"metric": ' + literal + ", ", 1))
    records, damaged = store.read()
    assert records == {}
    assert damaged[0].key == "task1/a"
    assert f"{literal} is not a number in JSON" in damaged[0].reason
