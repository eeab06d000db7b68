/** One server-sent event. */
export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads the frames of an event stream, whatever way the network cut it: in mid-line, in mid-character, between the two
 * ends of a CRLF. Comments are dropped; an unfinished last frame is not an event.
 */
export async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let fields: { id?: string; event?: string; data: string[] } = { data: [] };
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const held = rest.endsWith('\r') ? '\r' : '';
    const lines = (held ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + held;
    for (const line of lines) {
      if (line !== '') takeLine(line, fields);
      else {
        if (fields.data.length > 0)
          yield { id: fields.id, event: fields.event ?? 'message', data: fields.data.join('\n') };
        fields = { data: [] };
      }
    }
  }
}

function takeLine(line: string, fields: { id?: string; event?: string; data: string[] }): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const name = colon < 0 ? line : line.slice(0, colon);
  const raw = colon < 0 ? '' : line.slice(colon + 1);
  const value = raw.startsWith(' ') ? raw.slice(1) : raw;
  if (name === 'data') fields.data.push(value);
  else if (name === 'event') fields.event = value;
  else if (name === 'id') fields.id = value;
}
