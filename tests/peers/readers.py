"""What other programs make of our Parquet files. pyarrow and soundfile: `make FOLDER`,
`check IN OUT COPIES`; Hugging Face's datasets: `make-features PATH`, `datasets IN OUT`."""

import array
import datetime
import decimal
import io
import json
import math
import os
import sys
import wave

COUNT = 25
GROUP = 10
FEATURES = {
    "info": {
        "features": {
            "id": {"dtype": "int64", "_type": "Value"},
            "audio": {"sampling_rate": 16000, "_type": "Audio"},
            "text": {"dtype": "string", "_type": "Value"},
            "label": {"names": ["no", "yes"], "_type": "ClassLabel"},
        }
    }
}


def wav(seed):
    frames = array.array("h", [int(9000 * math.sin(k * 0.03 * (1 + seed % 7))) for k in range(3000 + seed)])
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16000)
        writer.writeframes(frames.tobytes())
    return file.getvalue()


def make(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = range(COUNT)
    audio = [{"bytes": wav(i), "path": f"a{i}.flac"} for i in rows]
    audio[3] = None
    audio[4] = {"bytes": None, "path": None}
    audio[5] = {"bytes": wav(5), "path": None}
    storage = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    utc = datetime.timezone.utc
    table = pa.table(
        {
            "id": pa.array(rows, pa.int64()),
            "audio": pa.array(audio, storage),
            "text": pa.array([None if i % 5 == 0 else f"söme {i}" for i in rows]),
            "u8": pa.array(rows, pa.uint8()),
            "f16": pa.array([i / 8 for i in rows], pa.float32()).cast(pa.float16()),
            "f32": pa.array([math.nan if i == 7 else -0.0 if i == 8 else i / 3 for i in rows], pa.float32()),
            "f64": pa.array([i / 3 for i in rows]),
            "decimal": pa.array([decimal.Decimal(f"{i}.12") for i in rows], pa.decimal128(20, 2)),
            "time": pa.array(
                [datetime.datetime(2020, 1, 1, i % 24, tzinfo=utc) for i in rows],
                pa.timestamp("us", tz="Europe/Berlin"),
            ),
            "nanos": pa.array(rows, pa.timestamp("ns")),
            "date": pa.array([datetime.date(2020, 1, 1 + i) for i in rows]),
            "duration": pa.array(rows, pa.duration("ms")),
            "category": pa.array([f"c{i % 3}" for i in rows]).dictionary_encode(),
            "list": pa.array([list(range(i % 4)) if i % 6 else None for i in rows], pa.list_(pa.int16())),
            "nested": pa.array([{"a": i, "b": [{"c": str(i)}]} for i in rows]),
            "map": pa.array([[("k", i)] for i in rows], pa.map_(pa.string(), pa.int32())),
            "large": pa.array([f"x{i}" for i in rows], pa.large_string()),
            "fixed": pa.array([bytes([i] * 16) for i in rows], pa.binary(16)),
            "flag": pa.array([i % 2 == 0 for i in rows]),
            "null": pa.nulls(COUNT),
        }
    ).replace_schema_metadata({"huggingface": json.dumps(FEATURES), "mine": "kept"})
    delta = {"audio.bytes": "DELTA_LENGTH_BYTE_ARRAY", "audio.path": "DELTA_BYTE_ARRAY"}
    variants = {
        "plain": {},
        "zstd": {"compression": "zstd", "write_page_index": True},
        "gzip": {"compression": "gzip", "data_page_version": "2.0"},
        "brotli": {"compression": "brotli", "data_page_size": 2000},
        "none": {"compression": "none", "use_dictionary": False},
        "delta": {"data_page_version": "2.0", "use_dictionary": False, "column_encoding": delta},
        "bare": {"store_schema": False, "write_page_index": True, "write_statistics": False},
        "old": {"version": "1.0", "coerce_timestamps": "us", "allow_truncated_timestamps": True},
    }
    for name, options in variants.items():
        pq.write_table(table, f"{folder}/{name}.parquet", row_group_size=GROUP, **options)
    strict = pa.schema([
        pa.field("audio", pa.struct([pa.field("path", pa.string(), False), pa.field("bytes", pa.binary(), False)]), False),
        pa.field("id", pa.int64(), False),
    ])
    full = [{"path": f"b{i}.wav", "bytes": wav(i)} for i in rows]
    pq.write_table(pa.table([full, list(rows)], schema=strict), f"{folder}/strict.parquet")
    pq.write_table(table.slice(0, 0), f"{folder}/empty.parquet")
    pq.write_table(table.slice(3, 2), f"{folder}/nothing.parquet")


def bits(column):
    """Floats by their bits, as NaN is not itself."""
    import pyarrow as pa

    column = column.combine_chunks()
    if pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False).tobytes()
    return column


def check(before, after, copies):
    for name in sorted(os.listdir(before)):
        check_file(f"{before}/{name}", f"{after}/{name}", copies)


def check_file(before, after, copies):
    import pyarrow as pa
    import pyarrow.parquet as pq
    import soundfile

    source = pq.ParquetFile(before)
    target = pq.ParquetFile(after)
    order, first = [], 0
    for index in range(source.num_row_groups):
        count = source.metadata.row_group(index).num_rows
        order += list(range(first, first + count)) * copies
        first += count
    old = source.read().take(pa.array(order, pa.int64()))
    new = target.read()
    assert new.schema.names == [*old.schema.names, "augment"], new.schema.names
    for name in old.schema.names:
        assert new.schema.field(name).equals(old.schema.field(name), check_metadata=True), name
        if name != "audio":
            assert bits(new[name]) == bits(old[name]), f"{after}: {name}"
    assert new.schema.field("augment").type == pa.string()
    kept = source.metadata.metadata or {}
    got = target.metadata.metadata
    assert set(kept) | {b"mp3-augment"} == set(got), got.keys()
    if b"mine" in kept:
        assert got[b"mine"] == b"kept"
        wanted = json.loads(kept[b"huggingface"])
        wanted["info"]["features"]["augment"] = {"dtype": "string", "_type": "Value"}
        assert json.loads(got[b"huggingface"]) == wanted
        assert json.loads(new.schema.metadata[b"huggingface"]) == wanted
    applied = 0
    for x, y, drawn in zip(old["audio"].to_pylist(), new["audio"].to_pylist(), new["augment"].to_pylist()):
        if x is None or x["bytes"] is None:
            assert x == y and drawn is None
            continue
        original, rate = soundfile.read(io.BytesIO(x["bytes"]), dtype="int16")
        samples, new_rate = soundfile.read(io.BytesIO(y["bytes"]), dtype="int16")
        assert samples.shape == original.shape and rate == new_rate
        assert (drawn is None) == bool((samples == original).all())
        assert (y["path"] is None) == (x["path"] is None)
        if drawn is not None:
            applied += 1
            assert json.loads(drawn)["codedBitrateKbps"] > 0
    assert applied > 0 or len(order) < 5
    # Pages and row groups by themselves, and an index where there was one.
    for index in range(target.num_row_groups):
        group = target.read_row_group(index, columns=["audio", "id"])
        assert group.num_rows == target.metadata.row_group(index).num_rows
        for column in range(source.metadata.num_columns):
            had = source.metadata.row_group(0).column(column).has_offset_index
            assert target.metadata.row_group(index).column(column).has_offset_index == had
    print(os.path.basename(after), new.num_rows, "rows,", applied, "applied")


def datasets(before, after):
    import soundfile
    from datasets import Audio, load_dataset

    old = load_dataset("parquet", data_files=before, split="train")
    new = load_dataset("parquet", data_files=after, split="train")
    assert isinstance(new.features["audio"], Audio), new.features
    assert new.features["label"].names == ["no", "yes"]
    assert new.features["augment"].dtype == "string"
    old, new = (data.cast_column("audio", Audio(decode=False)) for data in (old, new))
    assert len(old) == len(new)
    for x, y in zip(old, new):
        assert x["label"] == y["label"] and x["text"] == y["text"]
        original, _ = soundfile.read(io.BytesIO(x["audio"]["bytes"]))
        samples, _ = soundfile.read(io.BytesIO(y["audio"]["bytes"]))
        assert original.shape == samples.shape
    print("datasets:", len(new), "rows")


def make_features(path):
    """As Hugging Face's own library writes it."""
    import pyarrow as pa
    from datasets import Audio, ClassLabel, Dataset, Features, Value

    features = Features({"audio": Audio(16000), "text": Value("string"), "label": ClassLabel(names=["no", "yes"])})
    rows = {
        "audio": [{"bytes": wav(i), "path": f"a{i}.wav"} for i in range(COUNT)],
        "text": [f"t{i}" for i in range(COUNT)],
        "label": [i % 2 for i in range(COUNT)],
    }
    Dataset(pa.table(rows, schema=features.arrow_schema)).to_parquet(path, batch_size=GROUP)


if __name__ == "__main__":
    command, *args = sys.argv[1:]
    if command == "make":
        make(*args)
    elif command == "check":
        check(args[0], args[1], int(args[2]))
    elif command == "make-features":
        make_features(*args)
    else:
        datasets(*args)
