/**
 * A program that holds an engine, for tests that kill it: it lets a model answer without end, sends the ids of its engine
 * processes, and stays. `ECHO_FILE` names the file of an echo model; without it the starter model runs.
 */
import { silentLog, systemClock } from '../../src/base/index.ts';
import { openEngine } from '../../src/engine/supervisor/index.ts';
import { echoOptions, openEchoLibrary } from './echo-library.ts';
import { openStarterLibrary } from './starter-library.ts';

const file = process.env.ECHO_FILE;
const { library } = openEchoLibrary({ model: {} });
const echo = echoOptions({ get: async (id) => ({ ...(await library.get(id)), files: file ? [file] : [] }) });
const engine = file
  ? openEngine(echo)
  : openEngine({
      library: await openStarterLibrary(['model']),
      settings: { ...echo.settings, contextTokens: 2048 },
      log: silentLog(),
      clock: systemClock,
    });
const request = {
  model: 'model',
  prompt: { kind: 'text', text: 'Once upon a time' },
  maxTokens: 1900,
  ignoreEndOfText: true,
  fairKey: 'a',
  isolationKey: 'a',
} as const;
for await (const event of engine.generate(request)) {
  if (event.type === 'delta' && process.connected) {
    process.send?.(engine.list().map(({ pid }) => pid));
    process.disconnect();
  }
}
