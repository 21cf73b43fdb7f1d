// Hands the chat and what the screen shows of it down to the components.
import { createContext } from "svelte";
import type { Chat } from "./chat.svelte";
import type { Screen } from "./screen.svelte";
import type { Session } from "./session.svelte";

export const [useChat, setChat] = createContext<Chat>();
export const [useScreen, setScreen] = createContext<Screen>();
export const [useSession, setSession] = createContext<Session>();
