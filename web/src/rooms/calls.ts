// What one can do to rooms and messages over HTTP, a call each. Knows no state: what changes comes back on the socket.
import { call, segment } from "../http";
import type { EditRequest, Member, NewRoom, PersonRequest, ReadRequest, Room, Seq } from "../protocol";

const at = (room: string) => `/api/rooms/${segment(room)}`;
const message = (room: string, id: string) => `${at(room)}/messages/${segment(id)}`;

export const listRooms = () => call<Room[]>("GET", "/api/rooms");
export const createRoom = (room: NewRoom) => call<Room>("POST", "/api/rooms", room);
export const joinRoom = (room: string) => call("POST", `${at(room)}/join`);
export const leaveRoom = (room: string) => call("POST", `${at(room)}/leave`);
export const listMembers = (room: string) => call<Member[]>("GET", `${at(room)}/members`);
export const addMember = (room: string, person: string) => call("POST", `${at(room)}/members`, { user_id: person } satisfies PersonRequest);
export const removeMember = (room: string, person: string) => call("DELETE", `${at(room)}/members/${segment(person)}`);
export const directRoom = (person: string) => call<Room>("POST", "/api/direct", { user_id: person } satisfies PersonRequest);
export const markRead = (room: string, seq: Seq) => call("PUT", `${at(room)}/read`, { seq } satisfies ReadRequest);
export const editMessage = (room: string, id: string, text: string) => call("PATCH", message(room, id), { text } satisfies EditRequest);
export const deleteMessage = (room: string, id: string) => call("DELETE", message(room, id));
