// Writes docs/openapi.json and docs/errors.md from the declarations of the routes and the codes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { renderErrorList, renderOpenApi } from '../../src/gateway/index.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, 'openapi.json'), renderOpenApi(packageJson.version));
writeFileSync(join(docs, 'errors.md'), renderErrorList());
process.stdout.write('docs/openapi.json and docs/errors.md are up to date.\n');
