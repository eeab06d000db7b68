import { openOpenAiUpstream } from '../test/parts/upstream-servers/index.ts';

/** A peer in a process of its own, so that its work is not counted: answers 500 tokens, as fast as they are read. */
const pieces = Array.from({ length: 500 }, (_, at) => ` token${at}`);
const server = await openOpenAiUpstream({ pieces: () => pieces });
process.send?.(server.url);
