import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IntramurosError } from '../base/index.ts';

/** Whether other machines may be reached at all. */
export interface OfflineSwitch {
  readonly isOn: boolean;
  /** Takes effect at once; resolves when the next start will know it. */
  set(offline: boolean): Promise<void>;
}

/** The switch of a data directory is a file, so that a command that runs without a server and database sees it too. */
export function openOfflineSwitch({
  offline,
  home,
}: {
  readonly offline: boolean;
  readonly home?: string;
}): OfflineSwitch {
  const path = home === undefined ? undefined : join(home, 'offline');
  let isOn = offline || (path !== undefined && existsSync(path));
  return {
    get isOn() {
      return isOn;
    },
    async set(wanted) {
      if (!wanted && offline) throw heldBySetting();
      const before = isOn;
      if (wanted) isOn = true;
      if (path !== undefined) await (wanted ? write(path) : rm(path, { force: true }));
      isOn = wanted || (before && offline);
    },
  };
}

async function write(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile('Nothing beyond this machine is reached while this file is here.\n');
    await file.sync();
  } finally {
    await file.close();
  }
}

function heldBySetting(): IntramurosError {
  return new IntramurosError(
    'forbidden',
    'The setting "offline" is true: it is stronger than the switch. Set it to false, and start the server again.',
    { facts: { setting: 'offline' } },
  );
}
