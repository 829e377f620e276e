// Loaded before every test file (bunfig.toml). Tests own the clock and the environment they need.
process.env["TZ"] = "UTC";
