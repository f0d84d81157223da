// npm run test:slurm
//
// The job files of examples/slurm on a real SLURM: a controller and two node daemons on this machine,
// all their state in a temporary folder. An array job of 4 tasks and its merge; one task is killed in
// the middle of its work and requeued. What comes out must equal a one-machine run, byte for byte.
// It needs root and Debian's packages, which it installs.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, findOnPath, needTool, root, run, runAsProgram } from "./tools.mjs";

const CLIP_COUNT = 60;
const RATE = 22050;
const PATIENCE_MS = 10 * 60_000;
const DATASET = ["--seed", "7", "--p", "1", "--quality", "0", "--copies", "2", "--quiet"];
const DAEMONS = ["munged", "slurmctld", "slurmd"];

/** Whether SLURM is here now. */
async function installSlurm() {
  const isThere = () => DAEMONS.every((name) => findDaemon(name)) && findOnPath("sbatch");
  if (isThere()) return true;
  const apt = findOnPath("apt-get");
  if (!apt) return false;
  console.log("installing slurm-wlm and munge with apt-get");
  await run(apt, ["update"]);
  const install = ["install", "--yes", "--no-install-recommends", "slurm-wlm", "munge"];
  await run(apt, install, { env: { DEBIAN_FRONTEND: "noninteractive" } });
  return isThere();
}

/** @param name of a program that may not be on PATH */
function findDaemon(name: string) {
  return findOnPath(name) ?? [`/usr/sbin/${name}`].find((path) => existsSync(path));
}

/** Three ports that nobody uses. */
async function freePorts() {
  const servers = [0, 1, 2].map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((done) => server.once("listening", done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/**
 * Jobs are requeued only after the credentials' expiry, so that is short.
 * @param ports the controller's and the nodes'
 */
function slurmConf(folder: string, [controllerPort, ...nodePorts]: number[]) {
  const nodes = nodePorts.map((port, index) =>
    `NodeName=n${index + 1} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=1`
  );
  return `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=5
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=600
${nodes.join("\n")}
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`;
}

/** The daemons, in the foreground so that they end with this program. */
class Cluster {
  readonly folder: string;
  readonly env: { SLURM_CONF: string };
  readonly daemons: ChildProcess[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.env = { SLURM_CONF: join(folder, "slurm.conf") };
  }

  async start() {
    const { folder } = this;
    chmodSync(folder, 0o755);
    for (const name of ["munge", "state", "spool-n1", "spool-n2"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "munge/key"), randomBytes(128), { mode: 0o400 });
    writeFileSync(this.env.SLURM_CONF, slurmConf(folder, await freePorts()));
    const munge = ["key-file=key", "socket=socket", "pid-file=pid", "seed-file=seed"]
      .map((option) => `--${option.replace("=", `=${folder}/munge/`)}`);
    this.launch("munged", ["--foreground", "--force", ...munge]);
    await until("munged", () => existsSync(join(folder, "munge/socket")));
    this.launch("slurmctld", ["-D", "-i"]);
    for (const node of ["n1", "n2"]) this.launch("slurmd", ["-D", "-N", node]);
    await until("two idle nodes", async () => {
      const { output } = await run("sinfo", ["--noheader", "-N", "-o", "%t"], { env: this.env });
      return output.trim() === "idle\nidle";
    });
  }

  launch(name: string, args: string[]) {
    const log = openSync(join(this.folder, `${name}${args.at(-1)?.replace(/\W.*/, "")}.log`), "a");
    const env = { ...process.env, ...this.env };
    const program = findDaemon(name) ?? name;
    this.daemons.push(spawn(program, args, { env, stdio: ["ignore", log, log] }));
  }

  /** A command of SLURM's that must succeed. */
  async call(
    command: string,
    args: string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ) {
    const { code, output, stdout } = await run(command, args, {
      ...options,
      env: { ...options.env, ...this.env },
    });
    if (code !== 0) throw new Failure(`${command} ${args.join(" ")}: ${output}`);
    return stdout.trim();
  }

  /** Ends jobs and daemons. */
  async stop() {
    await run("scancel", ["--user=root"], { env: this.env, timeoutMs: 5000 });
    await sleep(1000); // for the jobs, which the node daemons end
    const ends = this.daemons.map((child) =>
      child.exitCode !== null || child.signalCode !== null
        ? undefined
        : new Promise((done) => child.once("exit", done))
    );
    for (const child of this.daemons.toReversed()) child.kill("SIGTERM");
    const late = setTimeout(() => this.daemons.forEach((child) => child.kill("SIGKILL")), 10_000);
    await Promise.all(ends);
    clearTimeout(late);
  }
}

/** Waits for a condition. */
async function until(what: string, isSo: () => boolean | Promise<boolean>) {
  for (const end = Date.now() + PATIENCE_MS; !await isSo(); await sleep(20)) {
    if (Date.now() > end) throw new Failure(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
  }
}

/** Tones that glide, each clip its own. */
function makeClips(folder: string) {
  for (let clip = 0; clip < CLIP_COUNT; clip++) {
    const codes = new Int16Array(RATE * (4 + clip % 3));
    for (let i = 0; i < codes.length; i++) {
      codes[i] = 12000 * Math.sin(i * (0.02 + clip / 1000 + i / 2e6)) * Math.cos(i / 900);
    }
    const header = Buffer.from("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".padEnd(44, "\0"));
    header.writeUInt32LE(36 + codes.byteLength, 4);
    header.writeUInt32LE(RATE, 24);
    header.writeUInt32LE(RATE * 2, 28);
    header.writeUInt16LE(2, 32);
    header.writeUInt16LE(16, 34);
    header.write("data", 36);
    header.writeUInt32LE(codes.byteLength, 40);
    const path = join(folder, `speaker${clip % 5}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(
      join(path, `clip${clip}.wav`),
      Buffer.concat([header, Buffer.from(codes.buffer)]),
    );
  }
}

/** Every file below a folder. */
function listTree(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/**
 * @param expected a folder
 * @param found a folder
 */
function compareTrees(expected: string, found: string) {
  const names = listTree(expected);
  if (names.join("\n") !== listTree(found).join("\n")) {
    throw new Failure(`other files: ${names.length} expected, ${listTree(found).length} found`);
  }
  for (const name of names) {
    if (!readFileSync(join(expected, name)).equals(readFileSync(join(found, name)))) {
      throw new Failure(`${name} differs`);
    }
  }
  return names.length;
}

/**
 * Kills a task with SIGKILL when it has done a few files and not all; which one doesn't matter.
 * @param array the array job's id
 */
async function killTask(cluster: Cluster, target: string, array: string) {
  for (let task = 0; task < 4; task++) {
    const journal = join(target, `.mp3-augment/journal-${task}-of-4.jsonl`);
    const manifest = join(target, `manifest-${task}-of-4.jsonl`);
    await until(`work of task ${task}`, () => existsSync(journal) && countLines(journal) >= 2);
    const args = ["--signal=KILL", "--full", `${array}_${task}`];
    await run("scancel", args, { env: cluster.env });
    await until(
      `the end of task ${task}`,
      async () =>
        !/RUNNING|COMPLETING/.test(
          await cluster.call("scontrol", ["show", "job", `${array}_${task}`]),
        ),
    );
    if (!existsSync(manifest)) return { task, doneCount: countLines(journal) };
  }
  throw new Failure("every task was done before it could be killed");
}

function countLines(path: string) {
  return readFileSync(path, "utf8").split("\n").length - 1;
}

async function testArray(cluster: Cluster, folder: string) {
  const command = join(folder, "mp3-augment");
  const main = join(root, "cli/main.ts");
  writeFileSync(command, `#!/bin/sh\nexec ${needTool("deno")} run -A --no-check ${main} "$@"\n`);
  chmodSync(command, 0o755);
  const [source, whole, target] = [join(folder, "in"), join(folder, "whole"), join(folder, "out")];
  makeClips(source);
  const single = await run(command, ["dataset", source, whole, ...DATASET, "--no-shard"]);
  if (single.code !== 0) throw new Failure(`the run on one machine: ${single.output}`);
  const submitted = await cluster.call(
    join(root, "examples/slurm/submit.sh"),
    [source, target, ...DATASET],
    { cwd: folder, env: { MP3_AUGMENT: command } },
  );
  const [, array = "", merge = ""] = /array (\d+), merge (\d+)/.exec(submitted) ?? [];
  const { task, doneCount } = await killTask(cluster, target, array);
  console.log(`task ${task} was killed with ${doneCount} files done, and is requeued`);
  await cluster.call("scontrol", ["requeue", `${array}_${task}`]);
  await until("the merge", async () =>
    /JobState=(COMPLETED|FAILED|CANCELLED)/.test(
      await cluster.call("scontrol", ["show", "job", merge]),
    ));
  const log = readFileSync(join(folder, `mp3-augment-merge-${merge}.log`), "utf8").trim();
  console.log(log);
  if (!log.startsWith(`4 shards, ${CLIP_COUNT} files`)) throw new Failure("the merge has failed");
  const job = await cluster.call("scontrol", ["show", "job", `${array}_${task}`]);
  if (!/Restarts=1\b/.test(job)) throw new Failure(`task ${task} was not restarted: ${job}`);
  console.log(`${compareTrees(whole, target)} files equal those of a one-machine run`);
}

await runAsProgram(import.meta.url, async () => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    console.log("skipped: a SLURM of its own needs Linux and root");
    return;
  }
  if (!await installSlurm()) {
    console.log("skipped: slurm-wlm and munge are not installed, and apt-get can't");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-slurm-"));
  const cluster = new Cluster(folder);
  let isGood = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => cluster.stop().finally(() => process.exit(1)));
  }
  try {
    await cluster.start();
    await testArray(cluster, folder);
    isGood = true;
  } finally {
    await cluster.stop();
    if (isGood) rmSync(folder, { recursive: true, force: true });
    else console.log(`logs: ${folder}`);
  }
});
