/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Reads server-sent events off a byte stream; lines and characters may be cut anywhere between two reads. */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let fields = emptyFields();
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        readField(line, fields);
        continue;
      }
      if (fields.data.length > 0) yield { event: fields.event, data: fields.data.join('\n'), id: fields.id };
      fields = { ...emptyFields(), id: fields.id };
    }
  }
}

interface Fields {
  event: string;
  data: string[];
  id: string | undefined;
}
const emptyFields = (): Fields => ({ event: 'message', data: [], id: undefined });

function readField(line: string, fields: Fields): void {
  const colon = line.indexOf(':');
  if (colon === 0) return; // a comment
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
  if (name === 'event') fields.event = value;
  else if (name === 'data') fields.data.push(value);
  else if (name === 'id') fields.id = value;
}
