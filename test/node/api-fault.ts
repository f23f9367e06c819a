/** What the API answers instead of data: its message becomes the reason phrase. */
export class ApiFault extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.name = "ApiFault";
    this.status = status;
    this.errors = errors;
  }
}

/** As PVE::Exception's raise_param_exc. */
export function badParameters(errors: Readonly<Record<string, string>>): ApiFault {
  return new ApiFault(400, "Parameter verification failed.", errors);
}
