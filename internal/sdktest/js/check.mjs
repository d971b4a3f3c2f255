// What the scenarios of both clients share: counted attempts, waits that are noted and not waited for,
// and one line per scenario for the Go test that starts this.

export const env = process.env;
export const attempts = [];
export const waits = [];

// A limit of one request a minute tells a client to wait a minute; nothing else here takes that long.
const wait = globalThis.setTimeout;
globalThis.setTimeout = (call, ms, ...rest) => {
  const told = ms >= 10_000 && ms <= 63_000;
  if (told) waits.push(ms);
  return wait(call, told ? 1 : ms, ...rest);
};

export async function counted(url, init) {
  const response = await fetch(url, init);
  attempts.push({ status: response.status, retryAfterMS: Number(response.headers.get('retry-after-ms')) });
  return response;
}

export async function scenarios(all) {
  for (const [name, run] of Object.entries(all)) {
    attempts.length = waits.length = 0;
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`fail ${name}: ${error.stack.replaceAll('\n', ' | ')}`);
    }
  }
}

export async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
