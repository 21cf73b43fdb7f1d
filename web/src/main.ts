// Starts the page.
import { mount } from "svelte";
import App from "./App.svelte";
import "./look/tokens.css";
import "./look/base.css";
import "./look/controls.css";
import "./look/frame.css";
import "./look/messages.css";
import "./look/composer.css";
import "./look/login.css";
import "./look/narrow.css";

mount(App, { target: document.getElementById("page")! });
