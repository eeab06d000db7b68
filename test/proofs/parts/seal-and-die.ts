/** Opens an installation, which seals what stands there in plain text, and kills itself at a statement of the database: `HOME STATEMENT`. */
import { silentLog } from '../../../src/base/index.ts';
import { openConversations } from '../../../src/conversations/index.ts';
import { openKeyring } from '../../../src/keyring/index.ts';
import { type Database, openDatabase, type Queryable } from '../../../src/store/index.ts';

const [home = '', at = ''] = process.argv.slice(2);
const log = silentLog();
let left = Number(at);

/** The same, but that the process ends by SIGKILL before the wanted statement is asked. */
function dying<Asked extends Queryable>(asked: Asked): Asked {
  return new Proxy(asked, {
    get(target, name) {
      if (name === 'query') {
        return (sql: string, parameters?: readonly unknown[]) => {
          left -= 1;
          if (left === 0) process.kill(process.pid, 'SIGKILL');
          return target.query(sql, parameters);
        };
      }
      if (name === 'transaction') {
        return (work: (on: Queryable) => Promise<unknown>) =>
          (target as unknown as Database).transaction((on) => work(dying(on)));
      }
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const database = await openDatabase({ home, log });
const mortal = dying(database);
const keyring = await openKeyring({ database: mortal, home, settings: { houseKey: 'file' }, log });
await openConversations({ database: mortal, keyring, log });
await keyring[Symbol.asyncDispose]();
await database.close();
console.log('whole');
