"""A generator and a discriminator that train each other. Generated scripts carry this class."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
import tensorflow as tf

from builder.adversarial.losses import discriminator_loss, generator_loss, gradient_penalty


class AdversarialPair(keras.Model):
    """Trains a generator against a discriminator, one batch of real samples a step.

    "loss" is the generator's; the scores are how real the discriminator takes real and made samples to be.

    Args:
        generator: turns noise, (batch, …), into scaled samples.
        judge: gives a score (logit), (batch, 1), for scaled samples.
        scaling: scales samples in the unit of the data.
    """

    def __init__(self, generator, judge, scaling, name):
        super().__init__(name=name)
        self.generator, self.scaling, self.judge = generator, scaling, judge
        names = ("loss", "discriminator_loss", "real_score", "fake_score")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.steps_done = self.add_weight(shape=(), dtype="int64", trainable=False, name="steps_done")
        self.noise = keras.random.SeedGenerator(0)
        self.built = True

    @property
    def metrics(self):
        """The running means."""
        return list(self.trackers.values())

    @property
    def latent_shape(self):
        """The shape, without the batch, of the noise."""
        return tuple(self.generator.inputs[0].shape[1:])

    def set_training(self, optimizer, discriminator_optimizer, loss, penalty, discriminator_steps, seed):
        """Set how both sides learn, and make the variables of their optimizers.

        Args:
            optimizer: trains the generator.
            discriminator_optimizer: trains the discriminator.
            loss: the name of the losses.
            penalty: the weight of the gradient penalty, or 0.
            discriminator_steps: the discriminator's batches for one step of the generator.
            seed: what the noise is drawn from.
        """
        self.generator_optimizer, self.discriminator_optimizer = optimizer, discriminator_optimizer
        self.loss_name, self.penalty, self.discriminator_steps = loss, penalty, discriminator_steps
        self.noise.state.assign(keras.random.SeedGenerator(seed).state)
        optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.judge.trainable_variables)

    def call(self, inputs, training=False):
        """Return the scores of samples in the unit of the data."""
        return self.judge(self.scaling(inputs), training=training)

    def train_step(self, data):
        """Learn from a batch, and return the running means."""
        self.learn(data[0])
        return self.get_metrics_result()

    def learn(self, samples):
        """Let the discriminator learn from a batch and, every so many batches, the generator from it.

        Returns the sum of the losses of the sides that have learned.
        """
        real = self.scaling(samples)
        loss = self.train_discriminator(real)
        self.steps_done.assign_add(1)
        count = tf.shape(real)[0]

        def generator_step():
            return self.train_generator(count)

        if self.discriminator_steps > 1:
            is_due = tf.equal(tf.math.floormod(self.steps_done.value, self.discriminator_steps), 0)
            return loss + tf.cond(is_due, generator_step, lambda: tf.constant(0.0))
        return loss + generator_step()

    def train_discriminator(self, real):
        """Let the discriminator learn from scaled real samples and as many made ones; return its loss."""
        count = tf.shape(real)[0]
        fake = self.generator(self.draw_noise(count), training=True)
        with tf.GradientTape() as tape:
            scores = self.judge(real, training=True)
            penalties = sum(self.judge.losses)
            made = self.judge(fake, training=True)
            # Those on weights are the same in both calls, those on what layers give are not.
            penalties = (penalties + sum(self.judge.losses)) / 2
            loss = discriminator_loss(self.loss_name, scores, made) + penalties
            if self.penalty:
                shape = (count, *[1] * (len(real.shape) - 1))
                shares = keras.random.uniform(shape, seed=self.noise)
                loss += self.penalty * gradient_penalty(self.judge_in_training, real, fake, shares)
        variables = self.judge.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        self.track_discriminator(loss, scores, made)
        return loss

    def judge_in_training(self, samples):
        """Return the discriminator's scores of scaled samples while it learns."""
        return self.judge(samples, training=True)

    def train_generator(self, count):
        """Let the generator learn from the scores of samples that it makes; return its loss."""
        with tf.GradientTape() as tape:
            made = self.judge(self.generator(self.draw_noise(count), training=True), training=True)
            loss = generator_loss(self.loss_name, made) + sum(self.generator.losses)
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        self.trackers["loss"].update_state(loss)
        return loss

    def track_discriminator(self, loss, scores, made):
        """Take a batch's loss and scores into the running means."""
        self.trackers["discriminator_loss"].update_state(loss)
        self.trackers["real_score"].update_state(keras.ops.sigmoid(scores))
        self.trackers["fake_score"].update_state(keras.ops.sigmoid(made))

    def draw_noise(self, count):
        """Return noise for so many samples."""
        return keras.random.normal((count, *self.latent_shape), seed=self.noise)
