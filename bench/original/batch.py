"""The original's best parallel use, as a worker of bench/batch.ts: as many processes as cores, each
with the clips at hand, and results that stay where they were made (nothing is sent back)."""

import json
import multiprocessing
import os
import sys
import time

import numpy as np
from fast_mp3_augment import compress_roundtrip

clips = []


def read_clips(list_path, audio_path):
    audio = np.fromfile(audio_path, dtype=np.float32)
    with open(list_path, encoding="utf-8") as file:
        for entry in json.load(file):
            start, count = entry["offset"], entry["frameCount"] * entry["channelCount"]
            samples = audio[start : start + count]
            if entry["channelCount"] == 2:
                samples = samples.reshape(2, -1)
            clips.append((samples, entry["sampleRate"], entry["bitrateKbps"]))


def process_clip(index):
    samples, sample_rate, bitrate_kbps = clips[index]
    return compress_roundtrip(samples, sample_rate, bitrate_kbps).shape[-1]


if __name__ == "__main__":
    paths = sys.argv[1:3]
    read_clips(*paths)
    process_count = len(os.sched_getaffinity(0))
    # Small chunks share the work out evenly; 4 were the fastest of 1, 4 and 16.
    with multiprocessing.Pool(process_count, read_clips, paths) as pool:
        for line in sys.stdin:
            start = time.perf_counter()
            pool.map(process_clip, range(len(clips)), chunksize=4)
            print(json.dumps({"wallSeconds": time.perf_counter() - start}), flush=True)
