import { createContext, useContext, useSyncExternalStore } from "react";
import type { LiveSocket, LiveState } from "../../graphql/live-socket.ts";

const SocketContext = createContext<LiveSocket | null>(null);

export const LiveSocketProvider = SocketContext.Provider;

/** How the live connection is now. */
export function useLiveState(): LiveState {
  const socket = useContext(SocketContext);
  if (!socket) throw new Error("LiveSocketProvider is missing");
  return useSyncExternalStore(socket.onChange, socket.readState);
}
