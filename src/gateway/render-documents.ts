import { errorCodes } from '../base/index.ts';
import { describeApi } from './gateway.ts';
import { failures } from './http/failures.ts';

/** `docs/openapi.json`: the API as it is declared. */
export function renderOpenApi(version: string): string {
  return `${JSON.stringify(describeApi(version).document, null, 2)}\n`;
}

/** `docs/errors.md`: every code with its status, meaning and remedy. */
export function renderErrorList(): string {
  const rows = errorCodes.map((code) => {
    const { status, title, remedy } = failures[code];
    return `| \`${code}\` | ${status} | ${title}. | ${remedy} |`;
  });
  return `# Errors

Every failure has one of these codes. Native routes answer with RFC 9457 (\`application/problem+json\`, type
\`urn:intramuros:error:<code>\`); the OpenAI dialect with \`{"error":{"message","type","param","code"}}\`, where three codes
have the name that its clients know: \`context_exceeded\` is \`context_length_exceeded\`, \`unauthorized\` is
\`invalid_api_key\`, \`queue_full\` is \`rate_limit_exceeded\`. With \`accept: application/problem+json\` every route
answers with RFC 9457. The status of codes that only the start of the program meets is never seen on the wire.

| code | status | meaning | remedy |
|---|---|---|---|
${rows.join('\n')}
`;
}
