import { parseArgs } from 'node:util';
import { runOpenAiPython } from './openai-python.ts';
import { runSchemathesis } from './schemathesis.ts';
import { openEchoServer, openRealServer } from './server.ts';
import { runUpstreams } from './upstreams/run.ts';

/** `npm run -s conformance -- <suite> [--examples 200] [--echo] [-- more arguments of the suite]` */
const suites = ['openai-python', 'schemathesis', 'upstreams'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { examples: { type: 'string', default: '200' }, echo: { type: 'boolean', default: false } },
});
const [suite, ...more] = positionals;
if (!suites.includes(suite as (typeof suites)[number])) {
  process.stderr.write(`Name a suite: ${suites.join(', ')}. Found: ${suite ?? 'nothing'}.\n`);
  process.exit(2);
}

if (suite === 'upstreams') {
  const { passed, failed, skipped } = await runUpstreams();
  process.stdout.write(`RESULT upstreams passed=${passed} failed=${failed} skipped=${skipped}\n`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

await using server = await (values.echo || suite === 'schemathesis' ? openEchoServer() : openRealServer());
if (suite === 'openai-python') {
  const { passed, failed, left } = await runOpenAiPython(server);
  process.stdout.write(`RESULT openai-python passed=${passed} failed=${failed} skipped=${left}\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} else {
  const { address, consoleToken } = server;
  const code = await runSchemathesis({ address, consoleToken, examples: Number(values.examples), more });
  process.stdout.write(
    `RESULT schemathesis examples=${values.examples} ${code === 0 ? 'failures=0' : `exit=${code}`}\n`,
  );
  process.exitCode = code;
}
