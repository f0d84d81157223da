/**
 * Debian's Firefox by WebDriver BiDi, which it speaks itself: Playwright drives only a Firefox of
 * its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBrowser } from "../../scripts/run-page.mjs";
import { Failure } from "../../scripts/tools.mjs";

/** Sound may start without a click; nothing is asked of the network. */
const PREFERENCES = {
  "media.autoplay.default": 0,
  "media.navigator.permission.disabled": true,
  "media.navigator.streams.fake": true,
  "datareporting.policy.dataSubmissionEnabled": false,
  "app.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
};

interface Reply {
  id?: number;
  type: "success" | "error" | "event";
  method?: string;
  message?: string;
  params?: { level?: string; text?: string };
  result?: Record<string, unknown>;
}

/** How long Firefox may take to start on a busy machine. */
const START_MS = 60_000;

/** One window of Firefox, headless. */
export class Firefox {
  /** What pages have written to the console, and errors. */
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  #socket: WebSocket | undefined;
  #lastId = 0;
  #context = "";
  readonly #waiting = new Map<number, { resolve(reply: Reply): void }>();

  private constructor(path: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "mp3-augment-firefox-"));
    const lines = Object.entries(PREFERENCES).map(([name, value]) =>
      `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`
    );
    writeFileSync(join(this.#profile, "user.js"), lines.join("\n"));
    const args = ["--headless", "--no-remote", "--profile", this.#profile];
    this.#process = spawn(path, [...args, "--remote-debugging-port=0"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  /** Starts it. */
  static async launch(): Promise<Firefox> {
    const path = findBrowser("firefox");
    if (!path) throw new Failure("there is no Firefox here: apt-get install firefox-esr");
    const firefox = new Firefox(path);
    try {
      await firefox.#connect(await firefox.#findAddress());
    } catch (error) {
      firefox.close();
      throw error;
    }
    return firefox;
  }

  #findAddress(): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = "";
      const timer = setTimeout(
        () => reject(new Failure(`Firefox did not start: ${said}`)),
        START_MS,
      );
      this.#process.stderr?.on("data", (chunk) => {
        said += chunk;
        const address = /BiDi listening on (ws:\S+)/.exec(said)?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    });
  }

  async #connect(address: string): Promise<void> {
    const socket = this.#socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Failure(`Firefox doesn't answer at ${address}`));
    });
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    await this.#send("session.new", { capabilities: {} });
    await this.#send("session.subscribe", { events: ["log.entryAdded"] });
    const { contexts } = await this.#send("browsingContext.getTree", {});
    this.#context = (contexts as { context: string }[])[0]?.context ?? "";
  }

  #hear(reply: Reply): void {
    const { id, method, params } = reply;
    if (id !== undefined) this.#waiting.get(id)?.resolve(reply);
    if (method === "log.entryAdded") this.complaints.push(`${params?.level}: ${params?.text}`);
  }

  async #send(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, { resolve });
      this.#socket?.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (reply.type === "error") throw new Error(`${method}: ${reply.message}`);
    return reply.result ?? {};
  }

  /** Opens a page and waits until it is there. */
  async goto(url: string): Promise<void> {
    await this.#send("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }

  /** The value of an expression, or of its promise, in the page: text, a number or a boolean. */
  async evaluate(expression: string): Promise<unknown> {
    const { type, result, exceptionDetails } = await this.#send("script.evaluate", {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    }) as { type: string; result?: { value?: unknown }; exceptionDetails?: { text: string } };
    if (type === "exception") throw new Error(exceptionDetails?.text);
    return result?.value;
  }

  /** Runs something in each page before its own script. */
  async prepare(statement: string): Promise<void> {
    await this.#send("script.addPreloadScript", { functionDeclaration: `() => { ${statement}; }` });
  }

  /** Presses and releases a key: a character, or a code of WebDriver's. */
  async press(key: string): Promise<void> {
    const actions = ["keyDown", "keyUp"].map((type) => ({ type, value: key }));
    await this.#send("input.performActions", {
      context: this.#context,
      actions: [{ type: "key", id: "keyboard", actions }],
    });
  }

  /** Chooses a file. */
  async setFile(selector: string, path: string): Promise<void> {
    const { result } = await this.#send("script.evaluate", {
      expression: `document.querySelector(${JSON.stringify(selector)})`,
      target: { context: this.#context },
      awaitPromise: false,
    }) as { result: { sharedId: string } };
    const { sharedId } = result;
    await this.#send("input.setFiles", {
      context: this.#context,
      element: { sharedId },
      files: [path],
    });
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#socket?.close();
    const isGone = this.#process.exitCode !== null;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    if (!isGone) await gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
