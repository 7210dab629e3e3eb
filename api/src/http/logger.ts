/**
 * The logger interface of the HTTP modules, which a pino logger satisfies. Fields never contain a
 * query string, a cookie or a token.
 */
export interface HttpLogger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}
