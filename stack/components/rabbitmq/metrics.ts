import { counter, gauge } from "../metric-spec.ts";

/** Most queues that are told of by their names, the fullest of all that there are. */
export const mostQueues = 100;

/** What the agent tells of RabbitMQ beside its health, of queues by the label `queue`; read every 30 seconds. */
export const metrics = [
  gauge("stack_rabbitmq_queue_messages_ready", "Messages that wait for a consumer."),
  gauge("stack_rabbitmq_queue_messages_unacknowledged", "Messages that a consumer has and has not acknowledged."),
  gauge("stack_rabbitmq_queue_consumers", "Consumers of the queue."),
  counter("stack_rabbitmq_queue_published_total", "Messages that were published to the queue."),
  counter("stack_rabbitmq_queue_delivered_total", "Messages that were given to consumers, again each time."),
  counter("stack_rabbitmq_queue_acknowledged_total", "Messages that consumers acknowledged."),
  counter("stack_rabbitmq_queue_redelivered_total", "Messages that were given out once more."),
  gauge("stack_rabbitmq_dead_letters", "Messages in the queue of dead letters."),
  gauge("stack_rabbitmq_queues", `How many queues there are; the ${mostQueues} fullest are told of by name.`),
  gauge("stack_rabbitmq_memory_used_bytes", "Memory that the broker uses."),
  gauge("stack_rabbitmq_memory_limit_bytes", "From where on the broker holds back publishers."),
  gauge("stack_rabbitmq_disk_free_bytes", "Room on the broker's file system."),
  gauge("stack_rabbitmq_disk_limit_bytes", "Below which the broker holds back publishers."),
  gauge("stack_rabbitmq_files", "Files and sockets that the broker has open."),
  gauge("stack_rabbitmq_files_limit", "How many it may have."),
  gauge("stack_rabbitmq_alarm", "1 where the broker holds back publishers, for want of memory or disk."),
] as const;

/** Beside them, of a machine that is one of a cluster's three. */
export const clusterMetrics = [
  gauge("stack_rabbitmq_brokers_running", "Brokers of the cluster that run, of 3, as this machine's sees it."),
  gauge("stack_rabbitmq_queue_members_online", "Members of the queue or stream that are there, of 3."),
  gauge("stack_rabbitmq_queue_led_here", "1 where this machine's broker leads the queue or stream."),
] as const;
