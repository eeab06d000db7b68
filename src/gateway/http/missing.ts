import { type ErrorCode, IntramurosError, isIntramurosError } from '../../base/index.ts';
import { RestatedError } from './problems.ts';

/**
 * 404 is for the address and 400 for the form of a request: a cursor or a message that a well-formed request names, and
 * that is not there, has a code of its own.
 */
export function asMissing(named: boolean, code: ErrorCode): (error: unknown) => never {
  return (error) => {
    const missing =
      isIntramurosError(error) && (error.code === 'invalid_request' || error.code === 'message_not_found');
    throw named && missing ? new IntramurosError(code, error.message, { facts: error.facts, cause: error }) : error;
  };
}

/**
 * A request of the right form that a room cannot take as things stand (a role that there is not, a date that is past): 409, for
 * 400 is what the document foretells.
 */
export const unfit = (error: unknown): never => asConflict('invalid_request')(error);

/** What a body names and is not there keeps its code, with the status 409: the address itself was found. */
export function asConflict(...codes: readonly ErrorCode[]): (error: unknown) => never {
  return (error) => {
    throw isIntramurosError(error) && codes.includes(error.code) ? new RestatedError(error, 409) : error;
  };
}
