/** A program that holds an engine, for tests that kill it: it sends the ids of its engine processes and stays. */
import { openEngine } from '../../src/engine/supervisor/index.ts';
import { echoOptions, openEchoLibrary } from './echo-library.ts';

const { library } = openEchoLibrary({ echo: {} });
const file = process.env.ECHO_FILE;
if (!file) throw new Error('ECHO_FILE names the model file');
const engine = openEngine(echoOptions({ get: async (id) => ({ ...(await library.get(id)), files: [file] }) }));
await Array.fromAsync(engine.load('echo', { pin: true }));
process.send?.(engine.list().map(({ pid }) => pid));
