import * as z from "zod/mini";
import { eachOnce } from "../../definition/fields.ts";
import { queueTypes } from "./queue-types.ts";

/** What the section of a service that needs RabbitMQ may say of its queue. */
export const rabbitmqServiceSettings = {
  bindings: z._default(
    z
      .array(
        z.string().check(
          z.minLength(1),
          z.refine((key) => new TextEncoder().encode(key).length <= 255, "has more than 255 bytes, AMQP's most"),
        ),
      )
      .check(eachOnce, z.describe("Routing keys its queue is bound with")),
    [],
  ),
  queue: z._default(
    z
      .enum(queueTypes)
      .check(
        z.describe(
          "Its queue: a quorum queue, whose events are gone once they are done; or a stream, which keeps them and is read from any place",
        ),
      ),
    "quorum",
  ),
};
