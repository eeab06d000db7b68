import { confineProcess } from '../../base/index.ts';
import { EngineProcess } from './engine-process.ts';
import type { FromProcess, ToProcess } from './protocol.ts';

/**
 * Entry of an engine process: started by the supervisor with an IPC channel, serves one model, ends with the channel.
 * It opens no socket, and where the kernel helps it cannot. An interrupt from the terminal is the gateway's business, which then tells this process to stop.
 */
confineProcess();
const unsent = new Set<Promise<void>>();
const engine = new EngineProcess({
  send(message: FromProcess) {
    if (!process.connected) return;
    const sent = new Promise<void>((resolve) => {
      process.send?.(message, undefined, undefined, () => resolve());
    });
    unsent.add(sent);
    void sent.then(() => unsent.delete(sent));
  },
  exit(code) {
    void Promise.all(unsent).then(() => process.exit(code));
  },
});
process.on('SIGINT', () => {});
process.on('message', (message: ToProcess) => engine.receive(message));
process.on('disconnect', () => void engine.stop());
