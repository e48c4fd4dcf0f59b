// Sends the form of the page on: what a sign-in gives to the client that asked for it.
"use strict";

document.forms[0].submit();
