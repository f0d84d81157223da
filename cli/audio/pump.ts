/** What comes out of a stream of the module when all of `input` goes in. */
export async function* pump<I, O>(
  input: AsyncIterable<I>,
  stream: { readonly readable: ReadableStream<O>; readonly writable: WritableStream<I> },
): AsyncIterable<O> {
  const writer = stream.writable.getWriter();
  const writing = (async () => {
    for await (const chunk of input) await writer.write(chunk);
    await writer.close();
  })();
  writing.catch((error) => writer.abort(error).catch(() => {})); // then reading fails too
  const reader = stream.readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    await writing;
  } finally {
    await reader.cancel().catch(() => {}); // whoever stops early ends the writing too
  }
}
