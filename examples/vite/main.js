// A sound file as an MP3 of 64 kbps, to hear at once: all of it happens in the browser.
import { decodeMp3Async, encodeMp3Async, SAMPLE_RATES } from "mp3-augment";
import { loadWasm } from "mp3-augment/wasm";

const input = document.querySelector("input");
const status = document.querySelector("[role=status]");
const player = document.querySelector("audio");

/**
 * @param {Float32Array[]} channels
 * @param {number} sampleRate one of SAMPLE_RATES
 */
async function present(channels, sampleRate) {
  const start = performance.now();
  const file = await encodeMp3Async(channels, { sampleRate, bitrateKbps: 64 });
  const { samplesDecoded } = await decodeMp3Async(file);
  const took = Math.round(performance.now() - start);
  status.textContent =
    `${samplesDecoded} samples, ${file.length} bytes, ${took} ms`;
  URL.revokeObjectURL(player.src);
  player.src = URL.createObjectURL(new Blob([file], { type: "audio/mpeg" }));
}

// The browser reads the file, whatever it is, at a rate that MP3 has.
input.addEventListener("change", async () => {
  const sampleRate = SAMPLE_RATES.at(-1);
  const context = new OfflineAudioContext(1, 1, sampleRate);
  const sound = await context.decodeAudioData(
    await input.files[0].arrayBuffer(),
  );
  const count = Math.min(2, sound.numberOfChannels);
  const channels = Array.from(
    { length: count },
    (_, index) => sound.getChannelData(index),
  );
  await present(channels, sampleRate);
});

await loadWasm();
// Something to hear until there is a file: a second of a saw.
await present([
  Float32Array.from({ length: 44100 }, (_, i) => (i % 200) / 400 - 0.25),
], 44100);
