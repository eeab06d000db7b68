// Loaded before Portkey's gateway 1.15.2: on today's Node it cannot stream at all, as it changes the headers of the reply
// that `fetch` gave it, which nobody may. Here it gets a copy whose headers may be changed; nothing else is touched.
const dial = globalThis.fetch;
const NativeResponse = globalThis.Response;
globalThis.fetch = async (...request) => {
  const { body, status, statusText, headers } = await dial(...request);
  return new NativeResponse(body, { status, statusText, headers: new Headers(headers) });
};
