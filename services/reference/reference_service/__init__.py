"""Reference service: proves that a service's place in the stack works, until the real application is there."""
