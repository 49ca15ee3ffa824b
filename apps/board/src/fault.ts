/** What can go wrong between a client and the collector, as values; each becomes a status and MLflow's error document. */

export type BoardFault =
  /** The request is wrong: `what` says where and what was expected. */
  | { readonly tag: 'invalid'; readonly what: string }
  | { readonly tag: 'missing'; readonly what: string }
  | { readonly tag: 'exists'; readonly what: string }
  | { readonly tag: 'forbidden'; readonly what: string }
  | { readonly tag: 'unauthorized'; readonly what: string }
  | { readonly tag: 'method'; readonly what: string }
  | { readonly tag: 'too-large'; readonly what: string }
  | { readonly tag: 'too-many'; readonly what: string }
  /** Nothing of the request has been stored. */
  | { readonly tag: 'full'; readonly what: string }
  | { readonly tag: 'broken'; readonly what: string };

/** HTTP status and MLflow's error code. */
export const answers: { readonly [T in BoardFault['tag']]: readonly [status: number, code: string] } = {
  invalid: [400, 'INVALID_PARAMETER_VALUE'],
  missing: [404, 'RESOURCE_DOES_NOT_EXIST'],
  exists: [400, 'RESOURCE_ALREADY_EXISTS'],
  forbidden: [403, 'PERMISSION_DENIED'],
  unauthorized: [401, 'UNAUTHENTICATED'],
  method: [405, 'BAD_REQUEST'],
  'too-large': [413, 'INVALID_PARAMETER_VALUE'],
  'too-many': [429, 'REQUEST_LIMIT_EXCEEDED'],
  full: [507, 'RESOURCE_LIMIT_EXCEEDED'],
  broken: [500, 'INTERNAL_ERROR'],
};

/** Carries a fault through code that has no better way; the server turns it back into a value. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly fault: BoardFault;
  constructor(fault: BoardFault) {
    super(fault.what);
    this.fault = fault;
  }
}

export const refuse = (tag: BoardFault['tag'], what: string): never => {
  throw new Refusal({ tag, what });
};

/** No room on the disk, or in the space that the database may take. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE']);

export const faultOf = (thrown: unknown): BoardFault => {
  if (thrown instanceof Refusal) return thrown.fault;
  const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown };
  if (fullCodes.has(String(code)) || /database or disk is full/.test(String(message))) {
    return {
      tag: 'full',
      what: 'there is no room left for logs; free some, then send this again: none of it was stored',
    };
  }
  return { tag: 'broken', what: 'the collector failed; its own log says more' };
};
