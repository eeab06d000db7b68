import type { ErrorCode } from '../../base/index.ts';

/** How one error code appears on the wire and in `docs/errors.md`. */
export interface Failure {
  readonly status: number;
  readonly title: string;
  /** What the caller can do about it, in one sentence. */
  readonly remedy: string;
}

const failure = (status: number, title: string, remedy: string): Failure => ({ status, title, remedy });

/** Every code with its HTTP status. A new code does not compile without a line here, and `docs/errors.md` is made from it. */
export const failures: Readonly<Record<ErrorCode, Failure>> = {
  invalid_request: failure(
    400,
    'The request is not valid',
    'Correct the field that `errors` or the message names, then send it again.',
  ),
  unsupported_parameter: failure(
    400,
    'A parameter cannot be honoured',
    'Leave the named parameter out, or give it the value that the message says is served.',
  ),
  payload_too_large: failure(
    413,
    'The body is too large',
    'Send less at once; the limit is in the message and is the setting `bodyLimit`.',
  ),
  unsupported_media_type: failure(
    415,
    'The body is not JSON',
    'Send the body as JSON with `content-type: application/json`.',
  ),
  not_acceptable: failure(
    406,
    'No acceptable form of the reply',
    'Accept `application/json`, `application/yaml`, `text/event-stream` or anything.',
  ),
  not_found: failure(404, 'There is nothing at this address', 'See `/docs` for the addresses that exist.'),
  method_not_allowed: failure(
    405,
    'The method is not served at this address',
    'Use one of the methods in the `allow` header.',
  ),
  context_exceeded: failure(
    400,
    'The prompt does not fit the context',
    'Shorten the conversation or the text, or serve the model with a larger `contextTokens`.',
  ),
  unauthorized: failure(
    401,
    'A key is needed',
    'Send `authorization: Bearer <key>` with the key of the file that `apiKeyFile` names.',
  ),
  forbidden_origin: failure(
    403,
    'The request comes from somewhere it may not',
    'Call the server under a loopback name or one of the setting `allowedHosts`, and from its own pages.',
  ),
  sign_in_failed: failure(
    401,
    'Signing in did not succeed',
    'Check the name and the password; after several failures wait the seconds of `retry-after`.',
  ),
  password_weak: failure(
    422,
    'The password is too easy to guess',
    'Take a longer one: at least 12 characters, at least 5 different ones, and not mainly the sign-in name.',
  ),
  forbidden: failure(403, 'You may not do this', 'Ask an administrator for the right that the message names.'),
  quota_exceeded: failure(
    429,
    'A quota is used up',
    'Wait until the time in `facts.resetAt` and the `retry-after` header, or ask for a higher quota.',
  ),
  destination_denied: failure(
    403,
    'The label of the data forbids this destination',
    'Ask the nearest allowed place that `facts.nearest` names, or take out what raised the label.',
  ),
  policy_invalid: failure(
    422,
    'The policy files are not valid',
    'Correct the file and line of the message; the policy before stays in force.',
  ),
  policy_unavailable: failure(
    503,
    'No policy can decide',
    'Only models on this machine answer until the policy works again; see `intramuros doctor`.',
  ),
  audit_unavailable: failure(
    503,
    'The decision cannot be recorded',
    'Only models on this machine answer until the record can be written again; free disk space or correct its rights.',
  ),
  detection_failed: failure(
    503,
    'Personal data could not be looked for',
    'Send the text in smaller parts, or to a model of this machine; what could not be looked through does not leave.',
  ),
  upstream_failed: failure(
    502,
    'The upstream failed',
    'Read its words in the message; test it with `intramuros upstream test`.',
  ),
  upstream_timeout: failure(
    504,
    'The upstream kept silent for too long',
    'Try again, or raise the upstream’s timeouts.',
  ),
  upstream_unavailable: failure(
    503,
    'No replica of the upstream can be reached',
    'Wait until it is well again, or choose another model.',
  ),
  secret_unavailable: failure(
    503,
    'A stored secret cannot be opened',
    'Bring back the file of the secrets key, or enter the secret anew.',
  ),
  key_unavailable: failure(
    503,
    'What is sealed cannot be opened',
    'Bring back the house key (setting "houseKey"); nothing was destroyed. See docs/encryption.md.',
  ),
  key_destroyed: failure(
    410,
    'What was sealed is erased',
    'Nobody can read it again; the record of the erasure says when.',
  ),
  model_not_found: failure(
    404,
    'The model is not installed',
    'See `intramuros list` for what is installed and `intramuros pull <model>` to get one.',
  ),
  model_unusable: failure(
    403,
    'The model cannot do this',
    'Choose a model whose capabilities in `GET /api/models` include what is asked.',
  ),
  model_load_failed: failure(
    503,
    'The model did not load',
    'Read the cause in the message; `intramuros doctor` checks the file and the machine.',
  ),
  model_file_invalid: failure(
    422,
    'The model file is damaged or of an unknown form',
    'Remove the model and pull it again.',
  ),
  memory_insufficient: failure(
    503,
    'Not enough memory for the model',
    'Unload another model (`intramuros stop`), choose a smaller one or a smaller context.',
  ),
  disk_insufficient: failure(507, 'Not enough disk space', 'Free the space that the message names, then try again.'),
  pull_failed: failure(
    502,
    'The model could not be fetched',
    'Each source and its reason is in the message; check the network or give a file.',
  ),
  checksum_mismatch: failure(
    502,
    'The fetched file is not the expected one',
    'Pull again; if it repeats, the source is damaged or changed: use another.',
  ),
  engine_crashed: failure(
    502,
    'The engine process ended in the middle of the work',
    'Send the request again: the model is started anew. `intramuros doctor` helps if it repeats.',
  ),
  engine_unavailable: failure(
    503,
    'The engine cannot be used on this machine',
    'Run `intramuros doctor` for the cause and its remedy.',
  ),
  queue_full: failure(
    429,
    'Too many requests wait for this model',
    'Wait the seconds of the `retry-after` header and send it again, or raise `queueLimit`.',
  ),
  cancelled: failure(499, 'The work was cancelled', 'Nothing to do: the client left or asked to stop.'),
  timeout: failure(504, 'The work took too long', 'Ask for less at once, or try again when the machine is less busy.'),
  conversation_not_found: failure(
    404,
    'There is no such conversation',
    'List the conversations with `GET /api/conversations`.',
  ),
  message_not_found: failure(
    404,
    'There is no such message in the conversation',
    'List its messages with `GET /api/conversations/{id}/messages`.',
  ),
  run_not_found: failure(
    410,
    'The run is unknown or forgotten',
    'Read the answer from the conversation: what was said is kept there.',
  ),
  conflict: failure(409, 'The request does not fit the present state', 'Read the present state again and decide anew.'),
  config_invalid: failure(500, 'A setting is not valid', 'Correct the setting that the message names.'),
  address_in_use: failure(
    500,
    'The port is taken',
    'Stop the other program or choose another port with `--port` or `INTRAMUROS_PORT`.',
  ),
  address_not_available: failure(
    500,
    'The address to listen on is not one of this machine',
    'Choose an address of this machine with `--host`; 127.0.0.1 always works.',
  ),
  authentication_required_to_listen: failure(
    500,
    'Listening beyond this machine needs accounts or a key',
    'Set up an administrator on this machine, or give `apiKeyFile` a file whose first line is a key, or listen on 127.0.0.1.',
  ),
  data_directory_in_use: failure(
    500,
    'Another server uses the data directory',
    'Stop the other server or choose another `INTRAMUROS_HOME`.',
  ),
  data_directory_not_writable: failure(
    500,
    'The data directory cannot be written',
    'Correct its rights or choose another `INTRAMUROS_HOME`.',
  ),
  disk_full: failure(507, 'The disk is full', 'Free some space; what was acknowledged is safe.'),
  database_unavailable: failure(
    503,
    'The database does not answer',
    'Check the address in `DATABASE_URL` and that the server runs; try again.',
  ),
  database_newer: failure(
    500,
    'The database was written by a newer version',
    'Use that version or a newer one; nothing was changed.',
  ),
  database_altered: failure(
    500,
    'The database is not as this program left it',
    'Restore a backup, or use the version whose steps the message names; nothing was changed.',
  ),
  backup_invalid: failure(422, 'The backup cannot be used', 'Use a backup that `intramuros backup` made, whole.'),
  egress_denied: failure(
    403,
    'The connection to another machine was refused',
    'This installation is offline, or the address is not on its list: see `reason` in the facts, and `intramuros egress`.',
  ),
  egress_failed: failure(
    502,
    'Another machine could not be reached',
    'Check the network or the proxy, then try again.',
  ),
  internal: failure(
    500,
    'Something failed inside Intramuros',
    'The log has the details under the request id of the reply.',
  ),
};
