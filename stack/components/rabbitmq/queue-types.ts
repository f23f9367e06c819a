/**
 * What a service's queue may be. A quorum queue's event is gone once it is acknowledged; a stream's
 * stays, and every reader reads it from where it wants.
 */
export const queueTypes = ["quorum", "stream"] as const;
export type QueueType = (typeof queueTypes)[number];
