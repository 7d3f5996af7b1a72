/*
 * A list of tests that run one after the other, and the line by which tests/run.sh counts them.
 *
 *   test("a tap saves", async () => { ... });   in a *.test.mjs file
 *   await runAll(["double"])                    those whose file or name contains one of the words
 */
const tests = [];
let file = "";

export const loading = (name) => {
  file = name;
};

export const test = (name, body, { seconds = 120 } = {}) => tests.push({ file, name, body, seconds });

const within = (seconds, promise) => {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
};

const runOne = async ({ file, name, body, seconds }) => {
  const started = performance.now();
  let error = null;
  try {
    await within(seconds, Promise.resolve().then(body));
  } catch (thrown) {
    error = thrown;
  }
  const took = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${error ? "FAILED" : "ok    "} ${file}: ${name} (${took} s)`);
  if (error) console.log(String(error.stack || error).replace(/^/gm, "       "));
  return !error;
};

/* True when all passed and there was something to run. */
export const runAll = async (words) => {
  const chosen = tests.filter(
    (one) => !words.length || words.some((word) => `${one.file}: ${one.name}`.includes(word)),
  );
  let failures = 0;
  for (const one of chosen) if (!(await runOne(one))) failures += 1;
  const percent = chosen.length ? Math.floor((100 * (chosen.length - failures)) / chosen.length) : 0;
  console.log(`${percent}%: Checks: ${chosen.length}, Failures: ${failures}, Errors: 0`);
  return chosen.length > 0 && failures === 0;
};
