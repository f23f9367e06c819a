/**
 * MESSAGE_ID of what the agent logs, one a kind of event, so that `journalctl MESSAGE_ID=…`
 * and monitoring find events by kind and not by their wording. Never change one.
 */
export const messageIds = {
  stageStarted: "ff6cec4b7b394863a8f83c5a8992c3d4",
  stageDone: "fb9bae2fcd0d47a5ab4158a0c1512835",
  stageFailed: "63bcbd63b4214f3998cb1ead38a219c0",
  componentChanged: "480339590e864ff1a804722de20e7797",
  jobFailed: "912e508d3581490f97917eb7f5a0c888",
  setAside: "4dc1bf49c49a43ad81448e677238a67d",
  secretAudit: "dc72ce400982438aa3db9420aa26b9c6",
} as const;
