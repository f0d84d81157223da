"""The original as a worker of the bench; bench/worker.ts describes the protocol."""

import json
import sys
import time

import numpy as np
from fast_mp3_augment import compress_roundtrip


def answer(**values):
    print(json.dumps(values), flush=True)


output_path = sys.argv[1]
samples = output = None
sample_rate = 0

for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split(" ", 3)
    if command == "load":
        sample_rate, channel_count = int(arguments[0]), int(arguments[1])
        samples = np.fromfile(arguments[2], dtype=np.float32)
        if channel_count == 2:
            samples = samples.reshape(2, -1)
        output = None
        answer(outputByteSize=0)
    elif command == "run":
        bitrate_kbps, quality, count = map(int, arguments)
        output = None
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            output = compress_roundtrip(samples, sample_rate, bitrate_kbps, quality=quality)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        answer(wallSeconds=wall, cpuSeconds=cpu)
    elif command == "save":
        np.ascontiguousarray(output, dtype=np.float32).tofile(output_path)
        answer()
