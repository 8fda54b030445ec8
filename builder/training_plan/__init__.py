"""How a project trains, decided once: Keras calls that training runs and generated scripts write down."""
