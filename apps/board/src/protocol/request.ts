/** One kind of MLflow request: input is the JSON of the body, or the query of a GET. */
export type Request = {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PATCH';
  /** Behind `/api/2.0/mlflow/`. */
  readonly path: string;
  readonly run: (input: unknown) => unknown;
};
