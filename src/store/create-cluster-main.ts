import { confineProcess } from '../base/index.ts';
import { openCluster } from './cluster.ts';
import { compilePlainly } from './wasm-tiers.ts';

/** Entry of the process that makes a new embedded database in a folder and ends: what that takes of memory ends with it. */
confineProcess();
process.stdin.resume().on('end', () => process.exit(1)); // whoever wanted it is gone
compilePlainly();
const database = await openCluster(process.argv[2] ?? '');
await database.close();
process.exit(0);
