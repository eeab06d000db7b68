/** Loaded first in every thread: its own guard, which lets nothing pass and tells the main thread what it refused. */
import { BroadcastChannel } from 'node:worker_threads';
import { refusalChannel } from './channel.ts';
import { installGuard } from './guard.ts';

// The one addon of this program is what the thread's own filter is loaded with.
const guard = installGuard({}, { mayLoad: (path) => /koffi\.node$/.test(path) });
guard.onRefusal((refusal) => {
  const channel = new BroadcastChannel(refusalChannel);
  channel.postMessage(refusal);
  channel.close();
});
