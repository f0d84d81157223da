/** Many clips at once: order, bits, errors with their index, progress, aborts, memory. */
import assert from "node:assert/strict";
import process from "node:process";
import {
  type Audio,
  type BatchJob,
  BITRATES_KBPS,
  compressRoundtrip,
  compressRoundtripBatch,
  Mp3AugmentError,
  SAMPLE_RATES,
} from "../../mod.ts";
import { prepareBatch } from "../../src/batch-run.ts";
import { library } from "../../src/native.ts";
import { makeSignal, sameBits } from "../signals.ts";
import { testWithin } from "../within.ts";

function mixedJobs(count: number): BatchJob[] {
  return Array.from({ length: count }, (_, i) => {
    const sampleRate = SAMPLE_RATES[i % 9] ?? 0;
    const left = makeSignal(1000 + 737 * (i % 23), sampleRate, i);
    const right = makeSignal(left.length, sampleRate, i + 1);
    const bitrateKbps = BITRATES_KBPS[i % 18] ?? 0;
    return {
      samples: i % 3 === 0 ? [left, right] : left,
      sampleRate,
      bitrateKbps,
      quality: i % 10,
      preserveDelay: i % 5 === 0,
    };
  });
}

function assertSame(found: Audio | undefined, expected: Audio, what: string): void {
  const a = [found].flat() as Float32Array[], b = [expected].flat() as Float32Array[];
  assert.equal(Array.isArray(found), Array.isArray(expected), what);
  assert.equal(a.length, b.length, what);
  a.forEach((channel, i) => assert.ok(sameBits(channel, b[i] as Float32Array), what));
}

for (const threads of [undefined, 1, 2, 7]) {
  testWithin(60, `the same bits as single calls, in order, threads: ${threads}`, async () => {
    const jobs = mixedJobs(120);
    const progress: number[] = [];
    const results = await compressRoundtripBatch(jobs, {
      ...(threads === undefined ? {} : { threads }),
      onProgress: (done, total) => {
        assert.equal(total, jobs.length);
        progress.push(done);
      },
    });
    assert.deepEqual(progress, Array.from(jobs, (_, i) => i + 1));
    jobs.forEach(({ samples, ...options }, i) => {
      assertSame(results[i], compressRoundtrip(samples, options), `job ${i}`);
    });
  });
}

testWithin(60, "no jobs", async () => assert.deepEqual(await compressRoundtripBatch([]), []));

testWithin(60, "each job's own out", async () => {
  const jobs = mixedJobs(20).map((job) => ({ ...job, preserveDelay: false }));
  const results = await compressRoundtripBatch(jobs.map((job) => ({ ...job, out: job.samples })));
  results.forEach((result, i) => assert.equal(result, jobs[i]?.samples));
});

/** An abort rejects at once; the library needs until its next MP3 frame. */
function libraryEnd(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

function fails(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Mp3AugmentError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

testWithin(60, "a bad job is told with its index before anything starts", async () => {
  const jobs = mixedJobs(10);
  const out = new Float32Array((jobs[1]?.samples as Float32Array).length);
  jobs[1] = { ...jobs[1] as BatchJob, out, preserveDelay: false };
  jobs[7] = { samples: jobs[7]?.samples ?? [], sampleRate: 44100, bitrateKbps: 63 };
  let progressed = false;
  await assert.rejects(
    compressRoundtripBatch(jobs, { onProgress: () => progressed = true }),
    fails("UNSUPPORTED_BITRATE", /^jobs\[7\]: bitrateKbps is 63/),
  );
  assert.ok(!progressed && out.every((sample) => sample === 0));
  const nothing = undefined as unknown as BatchJob;
  await assert.rejects(
    compressRoundtripBatch([nothing]),
    fails("INVALID_OPTION", /^jobs\[0\]: undefined is not a job/),
  );
});

testWithin(
  60,
  "a sample that is no number is told with its index before anything starts",
  async () => {
    const jobs = mixedJobs(30).map((job) => ({
      ...job,
      samples: [job.samples].flat()[0] as Audio,
    }));
    (jobs[20]?.samples as Float32Array)[500] = NaN;
    let progressed = false;
    await assert.rejects(
      compressRoundtripBatch(jobs, { onProgress: () => progressed = true }),
      fails("NON_FINITE_AUDIO", /^jobs\[20\]: .*sample 500 of channel 0 is NaN/),
    );
    assert.ok(!progressed);
  },
);

testWithin(60, "options of the batch are checked", async () => {
  for (const threads of [0, -1, 1.5, NaN, "2"]) {
    const options = { threads: threads as number };
    await assert.rejects(compressRoundtripBatch([], options), fails("INVALID_OPTION", /^threads/));
  }
  const onProgress = 5 as unknown as () => void;
  await assert.rejects(
    compressRoundtripBatch([], { onProgress }),
    fails("INVALID_OPTION", /^onPr/),
  );
});

testWithin(60, "an abort and a throwing onProgress end the batch", async () => {
  const jobs = mixedJobs(200);
  const controller = new AbortController();
  const reason = new Error("enough");
  let doneCount = 0;
  const onProgress = (done: number) => {
    doneCount = done;
    if (done === 5) controller.abort(reason);
  };
  const { signal } = controller;
  await assert.rejects(compressRoundtripBatch(jobs, { onProgress, signal }), (e) => e === reason);
  assert.ok(doneCount < 20, `${doneCount} done`);
  await assert.rejects(
    compressRoundtripBatch(jobs, {
      onProgress: () => {
        throw reason;
      },
    }),
    (e) => e === reason,
  );
  await assert.rejects(compressRoundtripBatch(jobs, { signal }), (e) => e === reason);
  await libraryEnd();
});

testWithin(60, "memory holds only the clips under way", async () => {
  const samples = makeSignal(2_000_000, 44100); // 8 MB
  const out = new Float32Array(samples.length);
  const job: BatchJob = { samples, out, sampleRate: 44100, bitrateKbps: 32, quality: 9 };
  await compressRoundtripBatch([job, job]);
  const before = process.memoryUsage().rss;
  let most = 0;
  const onProgress = () => most = Math.max(most, process.memoryUsage().rss - before);
  await compressRoundtripBatch(Array(40).fill(job), { onProgress, threads: 1 });
  assert.ok(most < 64e6, `${most / 1e6} MB more; all copies at once would be 320`);
});

testWithin(
  10,
  "so many calls are under way as threads were given, and one more where all cores are",
  async () => {
    const limit = library().native.mp3a_thread_limit();
    const cases: [threads: number | undefined, expected: number][] = [
      [undefined, limit + 1],
      [limit, limit + 1],
      [limit + 1, limit + 1],
      ...(limit > 1
        ? [[1, 1] as [number, number], [limit - 1, limit - 1] as [number, number]]
        : []),
    ];
    for (const [threads, expected] of cases) {
      let [underWay, most] = [0, 0];
      const batch = prepareBatch({ threads });
      const results = await batch.run(3 * limit + 5, "clips", async (index) => {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 1));
        underWay--;
        return index;
      });
      assert.deepEqual([most, results.length], [expected, 3 * limit + 5], `${threads} of ${limit}`);
      assert.deepEqual([results[0], results.at(-1)], [0, 3 * limit + 4]);
      assert.equal(batch.oneThread, threads !== undefined);
    }
    const few = await prepareBatch({}).run(1, "clips", (index) => index);
    assert.deepEqual([few, await prepareBatch({}).run(0, "clips", (index) => index)], [[0], []]);
  },
);

testWithin(60, "a batch that is done hears no more of its signal", async () => {
  const controller = new AbortController();
  await compressRoundtripBatch(mixedJobs(3), { signal: controller.signal });
  const { abort } = AbortController.prototype;
  let count = 0;
  AbortController.prototype.abort = function (reason) {
    count++;
    abort.call(this, reason);
  };
  try {
    controller.abort();
  } finally {
    AbortController.prototype.abort = abort;
  }
  assert.equal(count, 1); // the caller's own
});
