"""What a Python user would run: fast-mp3-augment and soundfile in a pool of as many processes as
cores, every WAV file of a folder into another one. `dataset.py SOURCE TARGET KBPS`."""

import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
import soundfile
from fast_mp3_augment import compress_roundtrip

source, target = Path(sys.argv[1]), Path(sys.argv[2])
bitrate_kbps = int(sys.argv[3])


def augment(name):
    samples, sample_rate = soundfile.read(source / name, dtype="float32")
    coded = compress_roundtrip(np.ascontiguousarray(samples.T), sample_rate, bitrate_kbps)
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, coded.T, sample_rate, subtype="PCM_16")


if __name__ == "__main__":
    names = sorted(path.relative_to(source) for path in source.rglob("*.wav"))
    with multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        pool.map(augment, names, chunksize=4)
